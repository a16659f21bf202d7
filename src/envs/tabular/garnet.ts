import { rng } from "../../autodiff/random.ts";
import { tabularMdp } from "../../mdp/tabular.ts";
import { fromTabular, type TabularEnv } from "./from-tabular.ts";

export interface GarnetOptions {
  readonly S?: number;
  readonly A?: number;
  /** Different next states of every (s, a). */
  readonly branching?: number;
  readonly seed?: number;
  /** The horizon; without one, the discount: 0.95. */
  readonly H?: number;
  readonly gamma?: number;
}

/**
 * A Garnet ("generic average reward non-stationary environment test-bed"; Archibald, McKinnon & Thomas 1995, Bhatnagar et
 * al. 2009): every (s, a) leads to `branching` states drawn without replacement, with probabilities cut from [0, 1] at random
 * points, and earns a standard normal reward. Episodes start in any state alike. Throws a RangeError on sizes that are no
 * positive whole numbers, or more branches than states.
 */
export function garnet({
  S = 20,
  A = 3,
  branching = 3,
  seed = 0,
  H,
  gamma = H === undefined ? 0.95 : 1,
}: GarnetOptions = {}): TabularEnv {
  for (const [name, value, most] of [
    ["S", S, Infinity],
    ["A", A, Infinity],
    ["branching", branching, S],
  ] as const) {
    if (!(Number.isInteger(value) && value >= 1 && value <= most)) {
      throw new RangeError(
        `garnet: ${name} is ${value}, expected a whole number from 1 ${most === Infinity ? "on" : `to ${most}`}`,
      );
    }
  }
  const random = rng(seed);
  const rows = Int32Array.from({ length: S * A + 1 }, (_, i) => i * branching);
  const next = new Int32Array(S * A * branching);
  const p = new Float64Array(S * A * branching);
  const r = new Float64Array(S * A);
  for (let i = 0; i < S * A; i++) {
    const chosen = new Set<number>();
    while (chosen.size < branching) chosen.add(random.integer(S));
    next.set([...chosen], i * branching);
    const cuts = [0, ...Array.from({ length: branching - 1 }, () => random.float()).sort((a, b) => a - b), 1];
    for (let b = 0; b < branching; b++) p[i * branching + b] = cuts[b + 1] - cuts[b];
    r[i] = random.normal();
  }
  const mdp = tabularMdp({ S, A, P: { rows, next, p }, r: { sa: r }, rho: new Float64Array(S).fill(1 / S), H, gamma });
  return fromTabular(mdp, { id: "Garnet-v1", maxSteps: H ?? 200 });
}
