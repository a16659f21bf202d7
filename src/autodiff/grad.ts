import { add, broadcastTo } from "./ops/arithmetic.ts";
import { concat, spreadOp } from "./ops/layout.ts";
import { sameShape, shapeError } from "./shape.ts";
import { constant, scalar, type Tensor } from "./tensor.ts";

/** All tensors that `roots` are made from, each after its inputs. */
export function ancestors(roots: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack: { t: Tensor; next: number }[] = [];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push({ t: root, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.t.inputs.length) {
        const child = top.t.inputs[top.next++];
        if (seen.has(child)) continue;
        seen.add(child);
        stack.push({ t: child, next: 0 });
      } else {
        order.push(top.t);
        stack.pop();
      }
    }
  }
  return order;
}

/**
 * The gradient of a scalar with respect to each of `wrt`, as expressions that can be differentiated again (reverse mode:
 * the expression is walked once from the loss down, each operation turning its result's adjoint into its operands').
 * A tensor that the loss does not depend on gets zeros. Throws if the loss is not a scalar.
 */
export function grad(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0) throw shapeError("grad", [loss.shape], "a scalar, such as mean(...) or sum(...)");
  if (loss.dtype !== "float32") throw new TypeError(`grad: received ${loss.dtype}; expected float32`);
  const order = ancestors([loss]);
  const targets = new Set(wrt);
  const active = new Set<Tensor>();
  for (const t of order) {
    if (targets.has(t) || t.inputs.some((operand) => active.has(operand))) active.add(t);
  }
  const adjoints = new Map<Tensor, Tensor[]>([[loss, [scalar(1)]]]);
  for (let i = order.length - 1; i >= 0; i--) {
    const t = order[i];
    const parts = adjoints.get(t);
    if (!parts || !active.has(t)) continue;
    const g = total(parts);
    adjoints.set(t, [g]);
    if (t.inputs.length === 0 || !t.inputs.some((operand) => active.has(operand))) continue;
    if (!t.op.grad) {
      if (t.dtype !== "float32") continue;
      throw new TypeError(`grad: ${t.op.name} has no derivative; put stopGradient around it`);
    }
    const flows = t.op.grad(t, g);
    t.inputs.forEach((operand, k) => {
      const flow = flows[k];
      if (!flow || !active.has(operand)) return;
      if (!sameShape(flow.shape, operand.shape))
        throw shapeError(`grad of ${t.op.name}`, [flow.shape], `the operand's shape [${operand.shape.join(", ")}]`);
      const own = adjoints.get(operand);
      if (own) own.push(flow);
      else adjoints.set(operand, [flow]);
    });
  }
  return wrt.map((t) => {
    const parts = adjoints.get(t);
    return parts && active.has(t)
      ? total(parts)
      : broadcastTo(
          constant(
            [0],
            t.shape.map(() => 1),
          ),
          t.shape,
        );
  });
}

/** The sum of the adjoints that reached one tensor. Slices that tile an axis are put side by side instead of padded and added. */
function total(parts: readonly Tensor[]): Tensor {
  if (
    parts.length > 1 &&
    parts.every((part) => part.op === spreadOp && part.attrs.step === 1 && part.attrs.axis === parts[0].attrs.axis)
  ) {
    const axis = parts[0].attrs.axis as number;
    const sorted = [...parts].sort((a, b) => (a.attrs.start as number) - (b.attrs.start as number));
    let end = 0;
    const tile = sorted.every((part) => {
      const fits = part.attrs.start === end;
      end += part.inputs[0].shape[axis] as number;
      return fits;
    });
    if (tile && end === parts[0].shape[axis]) {
      return concat(
        sorted.map((part) => part.inputs[0]),
        axis,
      );
    }
  }
  return parts.reduce((a, b) => add(a, b));
}
