import { mustBeBelow, mustBeCounts, mustBePositive, mustBeShares, mustNotBeNegative } from "../../../mdp/index.ts";
import type { StepOver } from "../../../rewards/index.ts";
import { type PpoOptions, ppo } from "../../../solvers/index.ts";
import { labelSchedules, type PlanOptions } from "./plan.ts";
import { type Selection, selections } from "./selection.ts";

/** How labels are asked for. */
export interface AskOptions {
  /** Comparisons in one request; 0 for all of a session in one. */
  requestSize: number;
  /** Requests that are open at the same time; their answers may come in any order. */
  openRequests: number;
  /** Seconds after which a request counts as not answered; 0 for never. What comes later is still taken. */
  timeout: number;
}

/** How the reward is built and learned. */
export interface FragmentRewardOptions {
  /** Steps of a fragment, k. */
  fragmentLength: number;
  /** What the reward looks at: the state; also the action; also the next state; also whether the world ended the episode. */
  over: StepOver;
  /** Widths of the hidden layers of the reward. */
  rewardHidden: number[];
  /** The activation function between its layers. */
  rewardActivation: "tanh" | "relu" | "silu";
  /** Networks side by side, whose mean is the reward. */
  members: number;
  /** How much the members' disagreement costs: their standard deviation times this is subtracted from the reward. */
  doubt: number;
  /** Whether each member learns from labels drawn with replacement. */
  bootstrap: boolean;
  /** γ within a fragment. */
  fragmentGamma: number;
  /** ε: the chance that the expert answers at random, as the learner takes it. */
  noise: number;
  /** Updates of the reward after each session. */
  rewardUpdates: number;
  /** Comparisons in each of them. */
  rewardBatch: number;
  /** The reward's learning rate. */
  rewardRate: number;
  /** AdamW's decoupled decay of the reward's weights. */
  rewardDecay: number;
}

export interface PreferenceRlOptions extends PpoOptions, FragmentRewardOptions, PlanOptions, AskOptions {
  /**
   * Which fragments are compared. `random`: any. `disagreement`: those that the members answer most differently. `information`: those
   * whose answer tells most about which member is right.
   */
  selection: Selection;
  /** Comparisons that are drawn for each one that is asked for, where they are selected. */
  candidates: number;
  /** Rounds of steps that fragments are taken from. */
  memory: number;
  /** Rounds at first in which the policy stays as it is, so that what it does at random is compared too. */
  explore: number;
  /** The first episode of copy i of n is cut after a share (i + 1) / n of its steps, so that copies don't begin all at once. */
  stagger: boolean;
}

export const preferenceRlDefaults: PreferenceRlOptions = {
  ...ppo.defaults,
  labels: 700,
  sessions: 20,
  initialShare: 0.25,
  labelSchedule: "hyperbolic",
  selection: "disagreement",
  candidates: 5,
  fragmentLength: 25,
  over: "sa",
  rewardHidden: [32, 32],
  rewardActivation: "tanh",
  members: 3,
  doubt: 0,
  bootstrap: false,
  fragmentGamma: 1,
  noise: 0.1,
  rewardUpdates: 60,
  rewardBatch: 16,
  rewardRate: 3e-3,
  rewardDecay: 1e-4,
  memory: 8,
  explore: 1,
  stagger: true,
  requestSize: 0,
  openRequests: 8,
  timeout: 0,
};

/** Rounds of a run. */
export function roundsOf({ steps, copies, rolloutSteps }: PreferenceRlOptions): number {
  return Math.ceil(steps / (copies * rolloutSteps));
}

/** Throws on options that can't be, or that don't go together. */
export function checkOptions(options: PreferenceRlOptions): void {
  const { labels, sessions, candidates, members, rewardUpdates, rewardBatch, openRequests, requestSize } = options;
  const { copies, rolloutSteps, steps, memory, fragmentLength, explore } = options;
  mustBeCounts({
    sessions,
    candidates,
    fragmentLength,
    members,
    rewardUpdates,
    rewardBatch,
    memory,
    explore,
    openRequests,
  });
  mustBeCounts({ labels, requestSize }, 0);
  const { initialShare, fragmentGamma, doubt, rewardDecay, timeout, noise, rewardRate } = options;
  mustBeShares({ initialShare, fragmentGamma });
  mustNotBeNegative({ doubt, rewardDecay, timeout });
  mustBeBelow(1, { noise });
  mustBePositive({ rewardRate });
  if (!selections.includes(options.selection))
    throw new RangeError(`selection is "${options.selection}", expected one of ${selections.join(", ")}`);
  if (!labelSchedules.includes(options.labelSchedule))
    throw new RangeError(`labelSchedule is "${options.labelSchedule}", expected one of ${labelSchedules.join(", ")}`);
  if (options.selection !== "random" && options.members < 2)
    throw new RangeError(
      `selection by ${options.selection} needs members that can disagree, found members ${options.members}; take 2 or more, or selection random`,
    );
  const rounds = roundsOf(options);
  if (rounds <= explore)
    throw new RangeError(
      `${steps} steps are ${rounds} rounds of ${copies} x ${rolloutSteps}; expected more than the ${explore} that explore; take more steps, or shorter rounds`,
    );
  if (fragmentLength > memory * rolloutSteps)
    throw new RangeError(
      `a fragment has ${fragmentLength} steps, ${memory} rounds of ${rolloutSteps} keep only ${memory * rolloutSteps}; make fragmentLength smaller, or memory larger`,
    );
}
