import { tabularMdp } from "../../mdp/tabular.ts";
import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import { cells } from "./layout.ts";

export interface ChainOptions {
  /** States in the chain, at least 2. */
  readonly length?: number;
  /** The chance that the other action happens. */
  readonly slip?: number;
  /** The reward for going on at the end of the chain, and for going back from anywhere. */
  readonly large?: number;
  readonly small?: number;
  readonly H?: number;
}

/**
 * The chain: "on" (0) leads to the next state and earns much at the last one, "back" (1) leads to the first state and earns
 * little at once; the ground slips (Strens 2000, five states and a slip of 0.2). Whoever imitates must go on for long
 * without a reward. Throws a RangeError on a length below 2 or a slip that is no probability.
 */
export function chain({ length = 5, slip = 0.2, large = 10, small = 2, H = 50 }: ChainOptions = {}): TabularEnv {
  if (!(Number.isInteger(length) && length >= 2))
    throw new RangeError(`chain: length is ${length}, expected a whole number from 2 on`);
  if (!(slip >= 0 && slip <= 1)) throw new RangeError(`chain: slip is ${slip}, expected 0 to 1`);
  const P = new Float64Array(length * 2 * length);
  const sas = new Float64Array(length * 2 * length);
  for (let s = 0; s < length; s++) {
    const on = Math.min(s + 1, length - 1);
    for (const a of [0, 1]) {
      const row = (s * 2 + a) * length;
      P[row + on] += a === 0 ? 1 - slip : slip;
      P[row] += a === 0 ? slip : 1 - slip;
      sas[row] = small;
      sas[row + on] = s === length - 1 ? large : 0;
    }
  }
  const mdp = tabularMdp({ S: length, A: 2, P, r: { sas }, rho: 0, H });
  return fromTabular(mdp, {
    id: "Chain-v1",
    layout: cells(1, length, [
      [1, 0],
      [-1, 0],
    ]),
  });
}
