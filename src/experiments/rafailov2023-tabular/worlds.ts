import type { Rng } from "../../autodiff/index.ts";
import { type Preference, type Response, type TabularMdp, tabularMdp } from "../../mdp/index.ts";

/** Answers to some contexts, whose rewards are logarithms of whole numbers: then Bradley-Terry preferences are whole counts. */
export interface Answers {
  readonly X: number;
  readonly Y: number;
  /** `[X, Y]`: e^r. */
  readonly weight: Uint8Array;
  /** `[X, Y]`: log π_ref. */
  readonly logRef: Float64Array;
}

export function answers(random: Rng, { X = 3, Y = 4, most = 4 } = {}): Answers {
  const weight = Uint8Array.from({ length: X * Y }, () => 1 + random.integer(most));
  return {
    X,
    Y,
    weight,
    logRef: logSoftmaxRows(
      Float64Array.from({ length: X * Y }, () => random.normal()),
      Y,
    ),
  };
}

/**
 * All comparisons of two options with weights m = e^r, each as often as p*(y ≻ y') = m / (m + m') asks: y ≻ y' m times, y' ≻ y m'
 * times. A finite list with exactly the preferences of the model.
 */
export function exactPreferences(
  x: Float32Array,
  options: readonly { readonly y: Response; readonly m: number }[],
): Preference[] {
  return options.flatMap(({ y, m }, i) =>
    options
      .slice(0, i)
      .flatMap((other) => [
        ...new Array<Preference>(m).fill({ x, yw: y, yl: other.y }),
        ...new Array<Preference>(other.m).fill({ x, yw: other.y, yl: y }),
      ]),
  );
}

/** A deterministic process of H steps: every step leads somewhere at random and is worth ln 1, ln 2 or ln 3. */
export interface Steps {
  readonly mdp: TabularMdp;
  /** `[S, A]`: where a step leads, and e^r of it. */
  readonly next: Uint8Array;
  readonly weight: Uint8Array;
  /** `[H, S, A]`: log π_ref, another one at every step. */
  readonly logRef: Float64Array;
}

export function steps(random: Rng, { S = 3, A = 2, H = 3 } = {}): Steps {
  const next = Uint8Array.from({ length: S * A }, () => random.integer(S));
  const weight = Uint8Array.from({ length: S * A }, () => 1 + random.integer(3));
  const P = new Float64Array(S * A * S);
  next.forEach((to, i) => {
    P[i * S + to] = 1;
  });
  const mdp = tabularMdp({ S, A, P, r: { sa: Float64Array.from(weight, Math.log) }, rho: 0, H });
  return {
    mdp,
    next,
    weight,
    logRef: logSoftmaxRows(
      Float64Array.from({ length: H * S * A }, () => random.normal()),
      A,
    ),
  };
}

/** Every episode from state 0 as a response; a state is named by its step too, h S + s. */
export function episodes({ mdp, next, weight }: Steps): { y: Response; m: number }[] {
  const { S, A, H } = mdp;
  return Array.from({ length: A ** H }, (_, code) => {
    const actions = Int32Array.from({ length: H }, (_, h) => Math.floor(code / A ** h) % A);
    const states = new Float32Array(H);
    let [s, m] = [0, 1];
    actions.forEach((a, h) => {
      states[h] = h * S + s;
      m *= weight[s * A + a];
      s = next[s * A + a];
    });
    return { y: { actions, states }, m };
  });
}

/** log softmax of each row of `[n, k]`. */
export function logSoftmaxRows(z: Float64Array, k: number): Float64Array {
  const out = new Float64Array(z.length);
  for (let from = 0; from < z.length; from += k) {
    const row = z.subarray(from, from + k);
    const top = Math.max(...row);
    const total = top + Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0));
    for (let i = 0; i < k; i++) out[from + i] = row[i] - total;
  }
  return out;
}
