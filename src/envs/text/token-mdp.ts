import type { Rng } from "../../autodiff/random.ts";
import type { Env, Plain } from "../../mdp/env.ts";
import { discrete, multiDiscrete } from "../../mdp/space.ts";
import { picture, text } from "../picture.ts";
import { batched, type Dynamics, savedRows } from "../vector.ts";

export interface TokenMdpOptions {
  readonly id?: string;
  /** V: tokens are 0 .. V - 1. */
  readonly vocabulary: number;
  /** Prompts x, one of which each episode begins with, drawn evenly. */
  readonly contexts: readonly Int32Array[];
  /** The most tokens of a response. */
  readonly maxLength: number;
  /** Tokens that end a response; they are part of it. */
  readonly end: readonly number[];
  /** The reward at the end of an episode, for the prompt and the whole response. */
  readonly score: (x: Int32Array, y: Int32Array) => number;
  /** The text of tokens, for pictures. */
  readonly text?: (ids: Int32Array) => string;
}

/**
 * Writing as a Markov decision process: the state is the prompt and what has been written, s_t = (x, y_1, ..., y_{t-1}), an action
 * the next token, and the only reward the score of the whole, at the end: with an end token, or after `maxLength` tokens. An
 * observation is the number of tokens, then the tokens, then zeros. Throws without contexts, and on tokens outside the vocabulary.
 */
export function tokenMdp(options: TokenMdpOptions): Env {
  const { id = "TokenMDP-v0", vocabulary: V, contexts, maxLength, end, score, text: write } = options;
  if (contexts.length === 0) throw new RangeError(`${id}: at least one context is needed, found none`);
  contexts.forEach((x, i) => {
    const odd = x.findIndex((token) => !(token >= 0 && token < V));
    if (x.length === 0 || odd >= 0)
      throw new RangeError(
        `${id}: context ${i} ${odd >= 0 ? `has the token ${x[odd]}, expected 0 to ${V - 1}` : "is empty, expected at least one token"}`,
      );
  });
  const longest = Math.max(...contexts.map((x) => x.length));
  const room = longest + maxLength;
  const ends = new Set(end);
  const D = room + 1;

  const dynamics = (n: number): Dynamics => {
    // One row a copy: the tokens of its prompt, its tokens in all, the tokens themselves.
    const rows = new Float64Array(n * (D + 1));
    const row = (i: number) => rows.subarray(i * (D + 1), (i + 1) * (D + 1));
    const tokens = (own: Float64Array, from: number, to: number) => Int32Array.from(own.subarray(2 + from, 2 + to));
    const saved = savedRows(`${id}: the texts`, rows);
    return {
      reset(i: number, random: Rng) {
        const x = contexts[random.integer(contexts.length)];
        const own = row(i).fill(0);
        own[0] = own[1] = x.length;
        own.set(x, 2);
      },
      step(actions, idle, _randoms, rewards, terminated) {
        for (let i = 0; i < n; i++) {
          if (idle[i] !== 0) continue;
          const own = row(i);
          own[2 + own[1]++] = actions[i];
          const over = ends.has(actions[i]) || own[1] - own[0] >= maxLength;
          terminated[i] = over ? 1 : 0;
          rewards[i] = over ? score(tokens(own, 0, own[0]), tokens(own, own[0], own[1])) : 0;
        }
      },
      observe(from, to, out) {
        for (let i = from; i < to; i++) out.set(row(i).subarray(1), i * D);
      },
      state: () => saved.state(),
      restore: (state: Plain) => saved.restore(state),
      draw(i) {
        const own = row(i);
        const say = (ids: Int32Array) => write?.(ids) ?? ids.join(" ");
        const [x, y] = [say(tokens(own, 0, own[0])), say(tokens(own, own[0], own[1]))];
        return picture(`${id}: ${x} ${y}`, 640, 60, [text(12, 24, x), text(12, 44, y)]);
      },
    };
  };
  return batched({
    id,
    observation: multiDiscrete([room + 1, ...new Array<number>(room).fill(V)]),
    action: discrete(V),
    maxSteps: maxLength,
    dynamics,
  });
}

/** The tokens in an observation of a token MDP. */
export function tokensIn(observation: ArrayLike<number>, from = 0): Int32Array {
  return Int32Array.from({ length: observation[from] }, (_, t) => observation[from + 1 + t]);
}
