import { axisOf } from "../shape.ts";
import { apply, type Op, requireType, type Tensor } from "../tensor.ts";
import { takeAlongAxis } from "./indexing.ts";

/** Where the entries of x stand that make it rise along an axis, as int32: `sort(x) = takeAlongAxis(x, argsort(x))`. */
export function argsort(x: Tensor, axis = -1): Tensor {
  requireType("argsort", x, "float32");
  return apply(argsortOp, [x], x.shape, { axis: axisOf("argsort", x.shape, axis) }, "int32");
}

const argsortOp: Op = {
  name: "argsort",
  emit: (e, t, [x]) => {
    const axis = t.attrs.axis as number;
    const [, index] = e.nodes("TopK", [x, e.sides([t.shape[axis]])], 2, { axis: { int: axis }, largest: { int: 0 } });
    return e.node("Cast", [index], { to: { int: 6 } });
  },
};

/** The entries of x in rising order along an axis; the adjoint of each goes back to where it stood. */
export function sort(x: Tensor, axis = -1): Tensor {
  requireType("sort", x, "float32");
  const at = axisOf("sort", x.shape, axis);
  return takeAlongAxis(x, argsort(x, at), at);
}
