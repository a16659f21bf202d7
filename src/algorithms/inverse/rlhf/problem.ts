import { type Context, mustBeCounts, mustBePositive, mustNotBeNegative } from "../../../mdp/index.ts";
import { checkSampling, type ResponsePolicy } from "../../../policies/index.ts";
import type { ResponseReward } from "../../../rewards/index.ts";
import { checkSampled } from "./sampled.ts";

/** A policy to start from, a policy not to go far from, contexts to answer, and a reward for whole answers. */
export interface RlhfProblem {
  /** π_θ before the first update. */
  readonly policy: ResponsePolicy;
  /** π_ref; by default the policy as it starts. */
  readonly reference?: ResponsePolicy;
  /** What is answered; each round draws some of them. */
  readonly contexts: readonly Context[];
  /** r(x, y), what is made large: a reward model, most often, which stands for what is really wanted (a proxy). */
  readonly reward: ResponseReward;
  /** What is really wanted, where somebody can say so: measured beside the reward, never learned from. */
  readonly gold?: ResponseReward;
}

/** How a policy is improved by rewards of what it wrote. */
export type RlhfMethod = "ppo" | "rloo" | "grpo" | "best-of-n";

export interface RlhfOptions {
  /**
   * `ppo`: a critic, an advantage for each token, a clipped surrogate. `rloo`: the other responses to the same context are the
   * baseline. `grpo`: their mean is, tokens share a response's advantage. `best-of-n`: clone the best of n responses of π_ref.
   */
  method: RlhfMethod;
  /** β of E[r] − β KL(π_θ ‖ π_ref). Not for `best-of-n`, whose divergence follows from n. */
  beta: number;
  /** Where the divergence stands: in the reward of each token, or as a term of the loss (as the GRPO paper has it). */
  penalty: "reward" | "loss";
  /** KL(π_θ ‖ π_ref) in nats a response that β is moved towards; 0 for a β that stays. */
  klTarget: number;
  /** How fast β is moved: at most by a fifth of this share in a round. */
  betaRate: number;
  /** Rounds of answering, scoring and updating. */
  rounds: number;
  /** Contexts in a round. */
  prompts: number;
  /** Responses to each of them, n. */
  group: number;
  /** The most actions of a response; 0 for what the policy allows. */
  maxLength: number;
  /**
   * What logits are divided by when a response is drawn. All that is computed of it (ratios, the divergence, entropies, the
   * gradient) is that of the distribution it was drawn from, `topK`, `topP` and `minP` included; π_ref is tempered and restricted alike.
   */
  temperature: number;
  /** Only the k most likely actions are drawn; 0 for all. */
  topK: number;
  /** Only the fewest likely actions that reach this probability together are drawn; 1 for all. */
  topP: number;
  /** Only actions of this share of the most likely one's probability are drawn; 0 for all. */
  minP: number;
  /** Passes over the responses of a round. */
  epochs: number;
  /** Responses in a minibatch. */
  batchSize: number;
  /** The policy's learning rate. */
  learningRate: number;
  /** Whether the rates stay, or fall in a line to 0 over all updates. */
  schedule: "constant" | "linear";
  /** AdamW's decoupled decay. */
  weightDecay: number;
  /** The gradient is shortened to this length; 0 for never. */
  clipNorm: number;
  /** ε: how far the ratio of new to old probabilities may go before its gradient is cut. */
  clipRange: number;
  /** `grpo`: divide advantages by the deviation within their group, as the paper does; it makes β weigh less where rewards differ little. */
  scaleAdvantages: boolean;
  /** `ppo`: γ, the discount from token to token. */
  gamma: number;
  /** `ppo`: λ of the advantages of tokens: 0 trusts the values alone, 1 the rewards alone. */
  lambda: number;
  /** `ppo`: shift and scale a round's advantages to mean 0 and deviation 1. */
  normaliseAdvantages: boolean;
  /** `ppo`: the critic's learning rate; it is a linear head on the policy's hidden states, which it does not change. */
  valueRate: number;
  /** `ppo`: how far a value may move from its old one before its gradient is cut; 0 for no such limit. */
  valueClip: number;
  /** Weight of the policy's mean entropy, subtracted from the loss. */
  entropyBonus: number;
  /** Answers in one request to the reward; 0 for all of a round in one. */
  requestSize: number;
  seed: number;
}

/** Throws if policy, contexts and options don't go together. */
export function checkRlhf({ contexts, policy }: RlhfProblem, options: RlhfOptions): void {
  if (contexts.length === 0) throw new RangeError("there are no contexts to answer; expected at least one");
  checkRlhfOptions(options);
  checkSampled(policy, options);
}

/** Throws on options that can't be, whatever the problem. */
export function checkRlhfOptions(options: RlhfOptions): void {
  const { method, beta, group, penalty, temperature } = options;
  const methods: readonly string[] = ["ppo", "rloo", "grpo", "best-of-n"];
  if (!methods.includes(method)) throw new RangeError(`method is "${method}", expected one of ${methods.join(", ")}`);
  if (!(beta >= 0 && Number.isFinite(beta))) throw new RangeError(`beta is ${beta}, expected 0 or a positive number, often 0.1`);
  if (penalty !== "reward" && penalty !== "loss") throw new RangeError(`penalty is "${penalty}", expected reward or loss`);
  if (method !== "ppo" && group < 2) {
    throw new RangeError(`${method} compares responses to the same context, found group ${group}; expected 2 or more`);
  }
  const { rounds, prompts, epochs, batchSize, maxLength, requestSize } = options;
  mustBeCounts({ rounds, prompts, group, epochs, batchSize });
  mustBeCounts({ maxLength, requestSize }, 0);
  const { learningRate, valueRate, clipRange } = options;
  mustBePositive({ learningRate, valueRate, clipRange });
  const { klTarget, betaRate, weightDecay, clipNorm, valueClip, entropyBonus } = options;
  mustNotBeNegative({ klTarget, betaRate, weightDecay, clipNorm, valueClip, entropyBonus });
  checkSampling(options);
  if (temperature === 0)
    throw new RangeError("temperature is 0: all responses to a context are the same; expected a positive number");
  if (options.klTarget > 0 && beta === 0)
    throw new RangeError("a klTarget moves beta by shares of itself; start from a beta above 0");
  const learned = learnedFrom(options);
  if (learned % rowsOf(options) !== 0) {
    throw new RangeError(
      `a round learns from ${learned} responses, which minibatches of ${options.batchSize} don't divide; choose a batchSize that does`,
    );
  }
}

/** Responses that a round learns from. */
export function learnedFrom({ method, prompts, group }: RlhfOptions): number {
  return method === "best-of-n" ? prompts : prompts * group;
}

/** Responses in a minibatch: no more than a round has. */
export function rowsOf(options: RlhfOptions): number {
  return Math.min(options.batchSize, learnedFrom(options));
}
