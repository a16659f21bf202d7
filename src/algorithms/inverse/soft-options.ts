import type { Dataset, Pairs } from "../../data/index.ts";
import { describe, type Env, mustBeCounts, mustBePositive, mustBeShares, mustNotBeNegative, sameKind } from "../../mdp/index.ts";
import type { PolicyModel } from "../../policies/index.ts";

// What IQ-Learn and SQIL are given.

/** The expert's trajectories, the family of policies to choose from, and where the learner may act. */
export interface SoftProblem {
  readonly demos: Dataset | Pairs;
  readonly policy: PolicyModel;
  /** Where the learner gathers steps of its own, if it does. Its rewards are only reported. */
  readonly env?: Env;
}

export interface SoftLearnerOptions {
  /** Updates of the parameters in all. */
  updates: number;
  /** The expert's steps in a minibatch; online, as many of the learner's own beside them. */
  batchSize: number;
  /** The learning rate of Q. */
  learningRate: number;
  /** The learning rate of the actor of real actions. */
  actorRate: number;
  /** Whether the rates stay, or fall in a line to 0 over all updates. */
  schedule: "constant" | "linear";
  /** γ, the discount. */
  gamma: number;
  /** α: what a nat of entropy is worth, in units of reward. */
  temperature: number;
  /** For real actions: the weight of the actor's log loss on the expert's pairs beside its own objective; 0 for none. */
  cloning: number;
  /** For real actions: networks of Q; the least value counts. */
  critics: number;
  /** For real actions: the hidden layers of Q. */
  criticHidden: number[];
  /** τ of the target network that V(s′) is read from; 0 for none, V(s′) is then the learner's own. */
  targetRate: number;
  /** The gradient is shortened to this length; 0 for never. */
  clipNorm: number;
  /** Of every trajectory, every so many-th step is learned from. */
  subsample: number;
  /** Steps of the environment for each update, over all copies; 0 to stay offline. */
  stepsPerUpdate: number;
  /** Copies of the environment that step together. */
  copies: number;
  /** Steps of its own that the learner remembers. */
  capacity: number;
  /** Updates in a round, between which the policy stands still. */
  updatesPerRound: number;
  /** Shift and scale observations by the demonstrations' mean and deviation; kept inside the policy. */
  normalise: boolean;
  seed: number;
}

export const softDefaults: SoftLearnerOptions = {
  updates: 3000,
  batchSize: 64,
  learningRate: 1e-3,
  actorRate: 1e-3,
  schedule: "constant",
  gamma: 0.99,
  temperature: 0.02,
  cloning: 0,
  critics: 2,
  criticHidden: [64, 64],
  targetRate: 0.005,
  clipNorm: 0,
  subsample: 1,
  stepsPerUpdate: 0,
  copies: 8,
  capacity: 50_000,
  updatesPerRound: 100,
  normalise: true,
  seed: 0,
};

/** Throws, in one line, on problem and options that don't fit together. */
export function checkSoft(name: string, { demos, policy, env }: SoftProblem, options: SoftLearnerOptions): void {
  const spaces = [
    [`the demonstrations are`, demos.observationSpace, demos.actionSpace] as const,
    ...(env ? [[`${env.id} is`, env.observation, env.action] as const] : []),
  ];
  for (const [who, observation, action] of spaces) {
    if (!sameKind(observation, policy.observation) || !sameKind(action, policy.action)) {
      throw new TypeError(
        `${who} ${describe(observation)} -> ${describe(action)}, the policy is ${describe(policy.observation)} -> ` +
          `${describe(policy.action)}; use demonstrations, environment and policy of the same spaces`,
      );
    }
  }
  const { updates, batchSize, subsample, copies, capacity, updatesPerRound, critics } = options;
  mustBeCounts({ updates, batchSize, subsample, copies, capacity, updatesPerRound, critics });
  const { learningRate, actorRate, temperature } = options;
  mustBePositive({ learningRate, actorRate, temperature });
  const { gamma, targetRate, stepsPerUpdate, clipNorm } = options;
  mustBeShares({ gamma, targetRate });
  mustNotBeNegative({ stepsPerUpdate, clipNorm });
  if (stepsPerUpdate > 0 && !env) {
    throw new TypeError(
      `${name} learns online with stepsPerUpdate ${stepsPerUpdate}, but has no environment; give env, or stepsPerUpdate 0`,
    );
  }
}
