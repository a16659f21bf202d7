import { type Rng, rng } from "../../autodiff/index.ts";
import type { Preference } from "../../mdp/index.ts";

/** Numbers of a hidden vector. */
export const D = 16;
/** Tokens: 0 to 3 say yes, 4 to 7 say no, the others nothing; of each half the first two are compared in training. */
export const V = 12;
const SEEN = { yes: [0, 1], no: [4, 5] };
const UNSEEN = { yes: [2, 3], no: [6, 7] };

/** Contexts with their hidden vectors, and answers with theirs. */
export interface Words {
  /** Comparisons of seen tokens; x is h_x. */
  readonly training: readonly Preference[];
  readonly unseen: readonly Preference[];
  /** h_{x,y} `[D]`: the context's, the token's meaning along one direction, and noise that is the answer's own. */
  hidden(x: ArrayLike<number>, token: number): Float32Array;
}

export function wordsOf(seed: number, noise: number, tests = 200): Words {
  const random = rng(seed).split("razin2025-theorem2");
  const direction = unit(random.split("meaning"));
  const draw = (n: number, { yes, no }: typeof SEEN): Preference[] =>
    Array.from({ length: n }, () => ({
      x: vector(random),
      yw: { actions: Int32Array.of(yes[random.integer(2)]) },
      yl: { actions: Int32Array.of(no[random.integer(2)]) },
    }));
  return {
    training: draw(64, SEEN),
    unseen: draw(tests, UNSEEN),
    hidden(x, token) {
      // The noise follows from the context and the token alone.
      const own = rng(Math.floor(Math.abs(x[1]) * 1e6)).split(token);
      const meaning = token < 4 ? 1 : token < 8 ? -1 : 0;
      return Float32Array.from({ length: D }, (_, k) => 0.5 * x[k] + meaning * direction[k] + noise * own.normal());
    },
  };
}

/** All contexts have something in common: their first number. */
function vector(random: Rng): Float32Array {
  return Float32Array.from({ length: D }, (_, k) => (k === 0 ? 1 : random.normal()));
}

function unit(random: Rng): Float64Array {
  const v = Float64Array.from({ length: D }, () => random.normal());
  const norm = Math.hypot(...v);
  return v.map((c) => c / norm);
}
