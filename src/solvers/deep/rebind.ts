import { layout, type ParamTree, param, stopGradient, type Tensor } from "../../autodiff/index.ts";

/** An expression with some of its tensors exchanged for others: the same network of other parameters, or of other inputs. */
export function rebind(root: Tensor, exchange: ReadonlyMap<Tensor, Tensor>): Tensor {
  const made = new Map(exchange);
  const visit = (t: Tensor): Tensor => {
    const known = made.get(t);
    if (known) return known;
    const inputs = t.inputs.map(visit);
    const own = inputs.every((operand, i) => operand === t.inputs[i]) ? t : { ...t, inputs };
    made.set(t, own);
    return own;
  };
  return visit(root);
}

/** The same expression, whose parameters `tree` no gradient reaches. */
export function frozen(root: Tensor, tree: ParamTree): Tensor {
  return rebind(root, new Map(layout(tree).params.map((t) => [t, stopGradient(t)])));
}

/** Parameters of the same names and shapes, for a network that follows another. */
export function twinOf(tree: ParamTree): ParamTree {
  return Object.fromEntries(
    Object.entries(tree).map(([name, child]) => [
      name,
      isTensor(child) ? param(child.shape as readonly number[], child.init!) : twinOf(child),
    ]),
  );
}

/** The same expression by the parameters of a twin, which no gradient reaches. */
export function byTwin(root: Tensor, tree: ParamTree, twin: ParamTree): Tensor {
  const [own, other] = [layout(tree).params, layout(twin).params];
  return rebind(root, new Map(own.map((t, i) => [t, stopGradient(other[i])])));
}

function isTensor(node: Tensor | ParamTree): node is Tensor {
  return Array.isArray((node as Tensor).inputs);
}
