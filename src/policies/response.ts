import type { ParamTree, Rng, Tensor } from "../autodiff/index.ts";
import type { Answer, Context, Plain, Response } from "../mdp/index.ts";
import type { SamplingOptions } from "./language/sampling.ts";

/**
 * A family of policies over whole responses, π_θ(y | x) = Π_t π_θ(a_t | x, a_1, ..., a_{t-1}): a language model, a bandit, a
 * policy of a world whose episodes are compared. Whatever compares or rewards responses (DPO, reward models, RLHF) is written
 * against this, and runs on all of them.
 */
export interface ResponseModel {
  /** θ as a tree with names: what is trained. Whatever is frozen is an input of its own, which `feeds` fills. */
  readonly params: ParamTree;
  /** What it is, for files and for the hash of what was computed by it. */
  readonly description: { readonly [key: string]: Plain };
  /**
   * The expressions for a batch of R answers (x, y). Their inputs are those that `feeds` fills; their
   * names begin with `prefix`, so that two batches can be read by one program.
   */
  expressions(batch: BatchShape): ResponseExpressions;
  /**
   * The inputs of those expressions for R answers of any lengths, padded to the longest (or a little more, so that few different
   * shapes occur). Throws, naming the row, on an answer without actions and on one that doesn't fit the policy.
   */
  feeds(answers: readonly Answer[], prefix?: string): ResponseFeeds;
  /**
   * Draws y ~ π_θ(· | x): `n` responses to each context, `[contexts][n]`. Response j to context i draws from the stream
   * `random.split(i * n + j)`, so that it does not depend on the contexts beside it; `random` itself is not advanced.
   */
  respond(theta: Float32Array, contexts: readonly Context[], options: RespondOptions): Promise<Response[][]>;
  /** T, the number of actions (tokens) in a response. */
  length(y: Response): number;
}

export interface BatchShape {
  /** R. A number, so that T can be read off the arrays; the last batch is filled up by answers that are then left out. */
  readonly rows: number;
  /** Put before the names of the inputs. */
  readonly prefix?: string;
}

/**
 * What a policy says of a batch of answers. T is the padded length, which may include the prompt's positions; the actions of a
 * response stand in their order and side by side, where the mask is 1. What a program doesn't use of this is not computed.
 */
export interface ResponseExpressions {
  /** `[R, T]`: 1 where an action belongs to the response, 0 in prompts and padding. */
  readonly mask: Tensor;
  /** `[R, T]`: log π_θ(a_t | x, a_1, ..., a_{t-1}) in nats (for real actions, of the density); 0 where the mask is 0. */
  readonly logProbs: Tensor;
  /** `[R, T]`: the entropy of π_θ(· | x, a_1, ..., a_{t-1}) in nats; 0 where the mask is 0. */
  readonly entropies: Tensor;
  /** `[R, T, V]`: the logits that a_t was chosen by, where actions are choices. */
  readonly logits?: Tensor;
  /** `[R, T, d]`: the hidden state that a_t was chosen from, which a critic reads. */
  readonly hidden?: Tensor;
  /** `[R, d]`: the hidden state after the whole of (x, y), which the head of a reward reads. */
  readonly last?: Tensor;
}

/** Arrays by the names of inputs. */
export type ResponseFeeds = Record<string, Float32Array | Int32Array>;

/** Temperature, top-k, top-p and min-p are those of choices: tokens, or the action of a bandit. */
export interface RespondOptions extends SamplingOptions {
  /** Where draws come from. */
  readonly random: Rng;
  /** Responses to each context. */
  readonly n?: number;
  /** The most actions of a response; by default what the policy allows. */
  readonly maxLength?: number;
}

/** A family with its parameters: one policy over responses. */
export interface ResponsePolicy {
  readonly model: ResponseModel;
  /** The flat parameters. */
  readonly theta: Float32Array;
}
