import { add, concat, mul, type Optimizer, slice, sub, type Tensor } from "../../autodiff/index.ts";

/** A stretch of the flat vector θ: learned by an optimizer of its own, or following an earlier stretch of the same length. */
export type Section =
  | { readonly size: number; readonly optimizer: Optimizer }
  | { readonly size: number; readonly follows: number; readonly rate: number };

/**
 * One optimizer for a θ in sections, `[Σ sizes]` in their order. A section that follows the one at offset k is a slow copy of it,
 * as target networks are:
 *
 *     θ̄ ← (1 − τ) θ̄ + τ θ,   θ the stretch at k after the update
 *
 * All optimizers keep the same slots. Nothing is learned in a following section, whatever its gradient.
 * @formula target-network
 */
export function sectioned(sections: readonly Section[]): Optimizer {
  const learned = sections.flatMap((section) => ("optimizer" in section ? [section.optimizer] : []));
  const { slots } = learned[0];
  return {
    name: learned.map(({ name }) => name).join("+"),
    slots,
    width: learned.reduce((sum, { width }) => sum + width, 0),
    coefficients: (t) => learned.flatMap((optimizer) => [...optimizer.coefficients(t)]),
    update(theta, g, vectors, c) {
      const parts: Tensor[] = [];
      const kept: Tensor[][] = slots.map(() => []);
      const starts: number[] = [];
      let [at, from] = [0, 0];
      for (const section of sections) {
        const own = (t: Tensor) => slice(t, 0, at, at + section.size);
        starts.push(at);
        if ("optimizer" in section) {
          const { width } = section.optimizer;
          const next = section.optimizer.update(own(theta), own(g), vectors.map(own), c.slice(from, from + width));
          from += width;
          parts.push(next.theta);
          next.slots.forEach((t, i) => {
            kept[i].push(t);
          });
        } else {
          const leader = parts[starts.indexOf(section.follows)];
          parts.push(add(own(theta), mul(section.rate, sub(leader, own(theta)))));
          vectors.forEach((t, i) => {
            kept[i].push(own(t));
          });
        }
        at += section.size;
      }
      const whole = (list: Tensor[]) => (list.length === 1 ? list[0] : concat(list, 0));
      return { theta: whole(parts), slots: kept.map(whole) };
    },
  };
}
