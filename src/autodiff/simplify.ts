import { ancestors } from "./grad.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The same results, made with less. Every operation is asked, from the leaves up, whether its value can be had more cheaply
 * from the (already simplified) tensors it is made from. This happens when a program is written and not before, because a
 * derivative may be wanted with respect to any tensor on the way.
 */
export function simplify(roots: readonly Tensor[]): Tensor[] {
  const lean = new Map<Tensor, Tensor>();
  for (const t of ancestors(roots)) {
    const inputs = t.inputs.map((operand) => lean.get(operand)!);
    const own = inputs.some((operand, k) => operand !== t.inputs[k]) ? { ...t, inputs } : t;
    lean.set(t, t.op.simplify?.(own) ?? own);
  }
  return roots.map((root) => lean.get(root)!);
}
