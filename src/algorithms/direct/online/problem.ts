import type { Augment, Dataset, Pairs } from "../../../data/index.ts";
import {
  type Actions,
  describe,
  type Env,
  type Expert,
  type InterveningExpert,
  mustBeCounts,
  mustBeShares,
  mustNotBeNegative,
  type Observations,
  sameKind,
} from "../../../mdp/index.ts";
import type { PolicyModel } from "../../../policies/index.ts";
import type { BehaviorCloningOptions } from "../behavior-cloning.ts";
import type { AskOptions } from "./answers.ts";
import { type Beta, betaOf, checkBeta } from "./beta.ts";
import { modelsOf } from "./learner.ts";

/** A world, an expert that can be asked, and the family of policies to choose from. */
export interface DaggerProblem {
  readonly env: Env;
  readonly expert: Expert | InterveningExpert;
  /** One model, or the members of an ensemble: models of their own, which start from different parameters. */
  readonly policy: PolicyModel | readonly PolicyModel[];
  /** What ℬ holds before the first round: π̂_1 is cloned from it. Without it π̂_1 is the policy as it is initialised. */
  readonly demos?: Dataset | Pairs;
  /** Changes the pairs of the fits' minibatches as they are drawn. */
  readonly augment?: Augment;
  /** How risky it is to let the learner do what it proposes, `[n]`: beside its doubt, for `gate: "doubt"`. */
  readonly risk?: (states: Observations, proposed: Actions) => ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** Everything that behavior cloning has, for the fit of every round, and: */
export interface DaggerOptions extends BehaviorCloningOptions, AskOptions {
  /** Rounds of acting, asking and fitting. */
  rounds: number;
  /** States N that are visited each round. */
  states: number;
  /**
   * `refit`: π̂ is fitted to all of ℬ anew each round (Ross et al. 2011). `streaming`: θ goes on by `updates` minibatches
   * from ℬ (the slides), so that every round costs the same.
   */
  mode: "refit" | "streaming";
  /** β_i, the chance that the expert acts, by round: 1 in the first and then 0, falling in a line, falling by halves, or given. */
  beta: Beta;
  /** Whether it is decided at every step, or once an episode, by a coin of chance β_i, that the expert acts. */
  mixing: "step" | "episode";
  /** The learner acts by its most likely action instead of a draw. */
  deterministic: boolean;
  /**
   * What is labelled of the states in which the learner is to act. `none`: all of them. `expert`: those where the expert
   * chooses to take over (HG-DAgger). `doubt`: those that an ensemble doubts (ThriftyDAgger).
   */
  gate: "none" | "expert" | "doubt";
  /** The share of the learner's states that is to be doubted: the threshold is that quantile of the last round's doubts. */
  share: number;
  /** With `gate=doubt`: an expert that took over hands back once the doubt is below this quantile of the last round's doubts. */
  release: number;
  /** With `gate=doubt`: whether the expert acts in the states that are doubted, or only labels them afterwards. */
  handOver: boolean;
  /** Labels in all, after which it ends; 0 for no limit. */
  budget: number;
  /** Which policy is the result: the last, or the one of the best validation. */
  keep: "last" | "best";
  /** Episodes that each round's policy is tried in, always the same ones, without the expert; 0 for none. */
  validationEpisodes: number;
}

/** Throws if world, policy and expert don't fit together, and on options that can't be. */
export function checkDagger({ env, expert, policy, demos, risk }: DaggerProblem, options: DaggerOptions): void {
  const models = modelsOf(policy);
  for (const [what, own, theirs] of [
    ...models.flatMap(({ observation, action }) => [
      ["observations", observation, env.observation] as const,
      ["actions", action, env.action] as const,
    ]),
    ["observations", demos?.observationSpace, env.observation],
    ["actions", demos?.actionSpace, env.action],
  ] as const) {
    if (own === undefined || sameKind(own, theirs)) continue;
    const whose = own === demos?.observationSpace || own === demos?.actionSpace ? "demonstrations have" : "policy is made for";
    throw new TypeError(`the ${whose} ${what} ${describe(own)}, ${env.id} has ${describe(theirs)}; make it for ${env.id}`);
  }
  const { rounds, states, openRequests, mode, mixing, gate, keep, beta } = options;
  mustBeCounts({ rounds, states, openRequests });
  const { budget, requestSize, validationEpisodes, timeout, share, release } = options;
  mustBeCounts({ budget, requestSize, validationEpisodes }, 0);
  mustNotBeNegative({ timeout });
  mustBeShares({ share, release });
  for (const [name, value, words] of [
    ["mode", mode, ["refit", "streaming"]],
    ["mixing", mixing, ["step", "episode"]],
    ["gate", gate, ["none", "expert", "doubt"]],
    ["keep", keep, ["last", "best"]],
  ] as const) {
    if (!(words as readonly string[]).includes(value)) throw new RangeError(`${name} is ${words.join(" or ")}, found "${value}"`);
  }
  checkBeta(beta);
  if (keep === "best" && validationEpisodes === 0)
    throw new RangeError("keep best chooses by validation, found no episodes for it; give validationEpisodes");
  if (mode === "streaming" && options.classWeights === "balanced")
    throw new RangeError("balanced class weights need all of ℬ at once; give classWeights as a list, or mode refit");
  if (gate === "expert" && !("takesOver" in expert))
    throw new TypeError("gate expert needs an expert that can take over (takesOver), found one that only labels");
  if (gate !== "doubt") {
    if (risk) throw new TypeError(`a measure of risk is used with gate doubt, found gate ${gate}; leave it out`);
    return;
  }
  if (models.length < 2 || models.every(isTable))
    throw new TypeError(
      `gate doubt needs an ensemble whose members can differ, found ${models.length} ${models.length === 1 ? "model" : "tables"}; give two networks or more, such as policy: Array.from({ length: 5 }, () => mlp(env))`,
    );
  if (!demos && betaOf(beta, 0, rounds) !== 1)
    throw new RangeError(
      "gate doubt needs something to have been learned; give demos, or let the expert act in the first round (beta)",
    );
}

/** Whether a model is a table, which is fitted exactly. */
export function isTable({ description }: PolicyModel): boolean {
  return description.kind === "tabular";
}
