import { actionColumn, allPairs, count, type Dataset, type Pairs, pairCount, reals, split } from "../../../data/index.ts";
import { describe, type Env, type StepBatch, sameKind, size } from "../../../mdp/index.ts";
import { stepsAbsorbed } from "../../../rewards/index.ts";

/** The expert's steps as columns, and how many more it would have spent in the absorbing state. */
export interface ExpertSteps extends StepBatch {
  readonly absorbed: number;
}

/** The demonstrations that are trained on, and those held out: a share of the trajectories, where there are enough. */
export function demonstrationParts(
  demos: Dataset | Pairs,
  { validation, seed }: { readonly validation: number; readonly seed: number },
): { training: Dataset | Pairs; held?: Dataset } {
  if (!("offsets" in demos) || Math.floor(validation * count(demos)) === 0) return { training: demos };
  const { train: training, validation: held } = split(demos, { validation, seed });
  return { training, held };
}

/** The steps of demonstrations. Pairs don't say where a step led: their `next` is s itself, and nothing is known to have ended. */
export function expertSteps(
  demos: Dataset | Pairs,
  { gamma, maxSteps }: { readonly gamma: number; readonly maxSteps: number },
): ExpertSteps {
  if (!("offsets" in demos)) {
    const { s, a } = allPairs(demos);
    return { s, a, next: s, terminated: new Uint8Array(pairCount(demos)), absorbed: 0 };
  }
  const D = size(demos.observationSpace);
  const N = demos.rewards.length;
  const s = new Float32Array(N * D);
  const next = new Float32Array(N * D);
  const a = actionColumn(demos.actionSpace, N);
  a.set(demos.actions);
  const terminated = new Uint8Array(N);
  let absorbed = 0;
  for (let i = 0; i < count(demos); i++) {
    const [from, to] = [demos.offsets[i], demos.offsets[i + 1]];
    s.set(reals(demos.observations, (from + i) * D, (to + i) * D), from * D);
    next.set(reals(demos.observations, (from + i + 1) * D, (to + i + 1) * D), from * D);
    if (demos.terminated[i] === 0) continue;
    terminated[to - 1] = 1;
    absorbed += stepsAbsorbed(to - from, { gamma, maxSteps });
  }
  return { s, a, next, terminated, absorbed };
}

/** Throws, with what was found and what to do, unless the demonstrations are of the environment and say what is asked of them. */
export function checkDemonstrations(env: Env, demos: Dataset | Pairs, asks: { readonly next: boolean }): void {
  const origin =
    "offsets" in demos && demos.metadata.env !== undefined && demos.metadata.env !== env.id ? ` of ${demos.metadata.env}` : "";
  if (!sameKind(demos.observationSpace, env.observation) || !sameKind(demos.actionSpace, env.action)) {
    throw new TypeError(
      `the demonstrations${origin} are ${describe(demos.observationSpace)} -> ${describe(demos.actionSpace)}, ${env.id} is ` +
        `${describe(env.observation)} -> ${describe(env.action)}; record demonstrations in ${env.id}`,
    );
  }
  if (pairCount(demos) === 0) throw new RangeError("the demonstrations have no steps; record at least one episode");
  if (asks.next && !("offsets" in demos)) {
    throw new TypeError(
      "the reward needs to know where each step led, and pairs (s, a) don't say; give whole trajectories, or a reward over s or sa without shaping and absorbing state",
    );
  }
}
