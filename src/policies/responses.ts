import { input, mul, type Rng, reshape, type Tensor } from "../autodiff/index.ts";
import type { Answer, Context, Response } from "../mdp/index.ts";
import { describe, size } from "../mdp/index.ts";
import { checkSampling, drawToken, isRestricted, type SamplingOptions } from "./language/sampling.ts";
import type { PolicyModel } from "./model.ts";
import { type NeuralPolicy, neuralPolicy } from "./neural.ts";
import type { Normaliser } from "./observation.ts";
import type { RespondOptions, ResponseFeeds, ResponseModel } from "./response.ts";

/** Plays the policy on from context x, drawing from `random`, and gives the episode as a response with its states. */
export type PlayOn = (policy: NeuralPolicy, x: Context, options: RespondOptions) => Response | Promise<Response>;

export interface ResponsesOptions {
  /** What observations are shifted and scaled by. */
  readonly normal?: Normaliser;
  /** How episodes are drawn; without it a response is drawn as one action (a bandit). */
  readonly play?: PlayOn;
}

/**
 * A policy of a world as a policy over responses: π(y | x) = Π_t π(a_t | s_t). One action to a context (a bandit, or an action in
 * a state) needs no more; where episodes are compared, a response brings its states s_1 = x, ..., s_T `[T, D]` along. Discrete,
 * multi-discrete and real actions alike. Its methods throw a RangeError on answers that are none of this world, with the row.
 */
export function responsesOf(model: PolicyModel, { normal, play }: ResponsesOptions = {}): ResponseModel {
  const D = size(model.observation);
  const K = size(model.action);
  const real = model.action.kind === "box";
  const single = model.action.kind === "discrete";
  return {
    params: model.params,
    description: { responses: "steps", ...model.description, observation: describe(model.observation) },

    expressions({ rows: R, prefix = "" }) {
      const T = `${prefix}T`;
      const mask = input(`${prefix}mask`, [R, T]);
      const states = input(`${prefix}states`, [R, T, D]);
      const actions = input(`${prefix}actions`, [R, T, K], real ? "float32" : "int32");
      const z = model.forward(reshape(states, [-1, D]), normal);
      const logPi = model.head.logProb(z, reshape(actions, single ? [-1] : [-1, K]));
      const each = (x: Tensor) => mul(reshape(x, [R, T]), mask);
      return {
        mask,
        logProbs: each(logPi),
        entropies: each(model.head.entropy(z)),
        ...(single ? { logits: reshape(z, [R, T, model.head.inputs]) } : {}),
      };
    },

    feeds(answers, prefix = "") {
      const lengths = answers.map((answer, i) => checked(answer, i));
      const R = answers.length;
      const T = Math.max(...lengths);
      const feeds: ResponseFeeds = {
        [`${prefix}mask`]: new Float32Array(R * T),
        [`${prefix}states`]: new Float32Array(R * T * D),
        [`${prefix}actions`]: real ? new Float32Array(R * T * K) : new Int32Array(R * T * K),
      };
      answers.forEach(({ x, y }, i) => {
        feeds[`${prefix}mask`].fill(1, i * T, i * T + lengths[i]);
        feeds[`${prefix}states`].set(y.states ?? x, i * T * D);
        feeds[`${prefix}actions`].set(y.actions, i * T * K);
      });
      return feeds;
    },

    async respond(theta, contexts, options) {
      const { n = 1, random, temperature = 1 } = options;
      checkSampling(options);
      const choices = single && !play;
      if (!choices && ((temperature !== 1 && temperature !== 0) || isRestricted(options))) {
        throw new RangeError(
          `the temperature of a policy of steps is 1 (a draw) or 0 (the most likely action), and all actions are drawn from, found ${JSON.stringify({ ...options, random: undefined })}`,
        );
      }
      const policy = neuralPolicy(model, theta, normal);
      const streams = Array.from({ length: contexts.length * n }, (_, k) => random.split(k));
      const drawn: Response[] = [];
      if (play) {
        for (const [k, stream] of streams.entries()) {
          drawn.push(await play(policy, contexts[Math.floor(k / n)], { ...options, n: 1, random: stream }));
        }
      } else {
        const s = new Float32Array(streams.length * D);
        for (let k = 0; k < streams.length; k++) s.set(contexts[Math.floor(k / n)], k * D);
        const a = choices
          ? await chosen(policy, s, options, streams)
          : await policy.act(s, temperature === 0 ? { deterministic: true } : { rng: streams });
        for (let k = 0; k < streams.length; k++) drawn.push({ actions: a.slice(k * K, (k + 1) * K) });
      }
      return contexts.map((_, i) => drawn.slice(i * n, (i + 1) * n));
    },

    length: ({ actions }) => actions.length / K,
  };

  function checked({ x, y }: Answer, row: number): number {
    const T = y.actions.length / K;
    const fault = (found: string, expected: string) => new RangeError(`answer ${row}: ${found}, expected ${expected}`);
    if (T === 0) throw fault("the response is empty", "at least one action; leave such answers out");
    if (!Number.isInteger(T)) throw fault(`${y.actions.length} numbers of actions`, `${K} for each ${describe(model.action)}`);
    if (x.length !== D) throw fault(`the context has ${x.length} numbers`, `${D} for ${describe(model.observation)}`);
    if (T > 1 && !y.states) throw fault(`${T} actions without their states`, `states [${T}, ${D}], or one action to a context`);
    if (y.states && y.states.length !== T * D) {
      throw fault(`${y.states.length} numbers of states for ${T} actions`, `[${T}, ${D}], one state for each action`);
    }
    if (single) {
      const n = (model.action as { n: number }).n;
      const odd = y.actions.findIndex((a: number) => !(Number.isInteger(a) && a >= 0 && a < n));
      if (odd >= 0) throw fault(`action ${odd} is ${y.actions[odd]}`, `0 to ${n - 1}`);
    }
    return T;
  }
}

/** One action to each state, drawn by its logits. */
async function chosen(
  policy: NeuralPolicy,
  s: Float32Array,
  sampling: SamplingOptions,
  random: readonly Rng[],
): Promise<Int32Array> {
  const { logits } = await policy.distribution(s);
  const V = policy.model.head.inputs;
  return Int32Array.from(random, (own, row) => drawToken(logits, row * V, V, sampling, own));
}
