import { reals } from "../../../data/index.ts";
import { size } from "../../../mdp/index.ts";
import { type Doubt, ensembleDoubt } from "../../../policies/index.ts";
import type { Round } from "./aggregate.ts";
import type { Measures, Thresholds } from "./control.ts";
import { type Learner, modelsOf, policyOf, thetaOf } from "./learner.ts";
import type { DaggerOptions, DaggerProblem } from "./problem.ts";
import { actionsIn, inParts } from "./visits.ts";

/** The learner's doubt in a state, and the caller's measure of risk; the program is found again by what it is made for. */
const doubts = new WeakMap<object, Doubt>();

export function measuresOf({ members, normaliser }: Learner, { policy, risk }: DaggerProblem): Measures {
  const models = modelsOf(policy);
  const key = normaliser ?? models;
  const doubt = doubts.get(key) ?? ensembleDoubt(models, normaliser ?? undefined);
  doubts.set(key, doubt);
  const theta = thetaOf(members);
  return {
    doubt: (states) => doubt.of(states, theta),
    ...(risk ? { risk: async (states, proposed) => risk(states, proposed) } : {}),
  };
}

/** Thresholds such that the wished share of these states lies above them, as the learner sees them now. */
export async function thresholdsOn(
  states: Round["states"],
  learner: Learner,
  problem: DaggerProblem,
  options: DaggerOptions,
): Promise<Thresholds | null> {
  const { gate, share, release } = options;
  if (gate !== "doubt" || states.length === 0) return null;
  const D = size(problem.env.observation);
  const measures = measuresOf(learner, problem);
  const doubt = await inParts(states, D, measures.doubt);
  let risk = Infinity;
  if (measures.risk) {
    const proposed = await actionsIn(policyOf(learner, problem.policy), states);
    risk = quantileOf(await measures.risk(reals(states), proposed), 1 - share);
  }
  return { doubt: quantileOf(doubt, 1 - share), release: quantileOf(doubt, Math.min(release, 1 - share)), risk };
}

/** The smallest of the values that at least a share p of them doesn't exceed. */
function quantileOf(values: ArrayLike<number>, p: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))];
}
