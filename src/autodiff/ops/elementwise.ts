import { broadcast } from "../shape.ts";
import { apply, type DType, literal, type Op, requireType, type Tensor, tensor, type Value } from "../tensor.ts";
import { add, div, mul, neg, sub, sumTo } from "./arithmetic.ts";

/** An operation on each entry; `grad` is written with the operand x, the result y and the adjoint g. */
function unary(name: string, onnx: string, grad: (x: Tensor, y: Tensor, g: Tensor) => Tensor | undefined): (x: Value) => Tensor {
  const op: Op = { name, emit: (e, _t, [x]) => e.node(onnx, [x]), grad: (t, g) => [grad(t.inputs[0], t, g)] };
  return (value) => {
    const x = tensor(value);
    requireType(name, x, "float32");
    return apply(op, [x], x.shape);
  };
}

/** e^x */
export const exp = unary("exp", "Exp", (_x, y, g) => mul(g, y));
/** ln x */
export const log = unary("log", "Log", (x, _y, g) => div(g, x));
/** tanh x */
export const tanh = unary("tanh", "Tanh", (_x, y, g) => mul(g, sub(1, mul(y, y))));
/** 1 / (1 + e^-x); the runtime gives 0 from about -18 down, so take its logarithm by `logSigmoid`. */
export const sigmoid = unary("sigmoid", "Sigmoid", (_x, y, g) => mul(g, mul(y, sub(1, y))));
/** ln(1 + e^x), without overflow */
export const softplus = unary("softplus", "Softplus", (x, _y, g) => mul(g, sigmoid(x)));
/** The square root; its derivative at 0 is infinite. */
export const sqrt = unary("sqrt", "Sqrt", (_x, y, g) => div(mul(g, 0.5), y));
/** |x|; the derivative at 0 is 0. */
export const abs = unary("abs", "Abs", (x, _y, g) => mul(g, sign(x)));
/** -1, 0 or 1; its derivative is 0. */
export const sign = unary("sign", "Sign", () => undefined);
export const sin = unary("sin", "Sin", (x, _y, g) => mul(g, cos(x)));
export const cos = unary("cos", "Cos", (x, _y, g) => neg(mul(g, sin(x))));
/** (2 / √π) ∫₀ˣ e^{-t²} dt */
export const erf = unary("erf", "Erf", (x, _y, g) => mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x))))));
/** max(x, 0); the derivative at 0 is 0. */
export const relu = unary("relu", "Relu", (_x, y, g) => mul(g, cast(greater(y, 0), "float32")));

/** x² */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** ln sigmoid(x) = -ln(1 + e^-x), without underflow */
export function logSigmoid(x: Tensor): Tensor {
  return neg(softplus(neg(x)));
}

/** x · sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  requireType("silu", x, "float32");
  return gated(x, 1, 0);
}

/**
 * x Φ(x) (Hendrycks & Gimpel 2016): exact through erf, or by the tanh approximation
 * ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) that GPT-2 uses.
 */
export function gelu(x: Tensor, approximate: "none" | "tanh" = "none"): Tensor {
  requireType("gelu", x, "float32");
  if (approximate === "none") return mul(mul(x, 0.5), add(1, erf(mul(x, Math.SQRT1_2))));
  const c = Math.sqrt(2 / Math.PI);
  return gated(x, 2 * c, 6 * c * 0.044715); // ½ (1 + tanh z) = sigmoid(2 z)
}

/** x sigmoid(u), u = a x + (b/3) x³. */
function gated(x: Tensor, a: number, b: number): Tensor {
  const u = b === 0 ? mul(a, x) : mul(x, add(a, mul(b / 3, mul(x, x))));
  return apply(gatedOp, [x, sigmoid(u)], x.shape, { a, b });
}

const gatedOp: Op = {
  name: "gated",
  emit: (e, _t, operands) => e.node("Mul", operands),
  // The gate s hangs on x alone, so all of dy/dx = s + y (1 - s) u' goes to x: half the passes of the product's rule.
  grad: (t, g) => {
    const [x, s] = t.inputs;
    const { a, b } = t.attrs as { a: number; b: number };
    const slope = b === 0 ? a : add(a, mul(b, mul(x, x)));
    return [mul(g, add(s, mul(sub(t, mul(t, s)), slope))), undefined];
  },
};

/** x^p, for a number p, or entry by entry for a tensor p (then x > 0 is needed for the derivative in p). */
export function pow(x: Tensor, p: Value): Tensor {
  if (p === 1) return x;
  if (p === 2) return mul(x, x);
  const exponent = tensor(p);
  requireType("pow", x, "float32");
  requireType("pow", exponent, "float32");
  return apply(powOp, [x, exponent], broadcast("pow", x.shape, exponent.shape));
}

const powOp: Op = {
  name: "pow",
  emit: (e, _t, operands) => e.node("Pow", operands),
  grad: (t, g) => {
    const [x, p] = t.inputs;
    const fixed = literal(p);
    if (fixed === 0) return [undefined, undefined]; // 1 everywhere: 0 · x⁻¹ would be NaN at 0
    const dx = sumTo(mul(g, mul(p, pow(x, fixed === undefined ? sub(p, 1) : fixed - 1))), x.shape);
    return [dx, fixed === undefined ? sumTo(mul(g, mul(t, log(x))), p.shape) : undefined];
  },
};

/** The larger of two entries; at a tie each side gets half of the adjoint. */
export const max = extremum("max", "Max", (x, y) => greater(x, y));
/** The smaller of two entries; at a tie each side gets half of the adjoint. */
export const min = extremum("min", "Min", (x, y) => less(x, y));

function extremum(name: string, onnx: string, wins: (x: Tensor, y: Tensor) => Tensor): (a: Value, b: Value) => Tensor {
  const op: Op = {
    name,
    emit: (e, _t, operands) => e.node(onnx, operands),
    grad: (t, g) => {
      const [x, y] = t.inputs;
      const tie = mul(0.5, cast(equal(x, y), "float32"));
      const share = (a: Tensor, b: Tensor) => sumTo(mul(g, add(cast(wins(a, b), "float32"), tie)), a.shape);
      return [literal(x) === undefined ? share(x, y) : undefined, literal(y) === undefined ? share(y, x) : undefined];
    },
  };
  return (a, b) => {
    const x = tensor(a);
    const y = tensor(b);
    requireType(name, x, "float32");
    requireType(name, y, "float32");
    return apply(op, [x, y], broadcast(name, x.shape, y.shape));
  };
}

/**
 * x kept between two numbers; the derivative is 1 between them (ends included) and 0 outside. Throws a RangeError if `low` is
 * above `high`, a TypeError if x is not float32.
 */
export function clip(x: Tensor, low: number, high: number): Tensor {
  requireType("clip", x, "float32");
  if (!(low <= high)) throw new RangeError(`clip: low ${low} is above high ${high}`);
  return apply(clipOp, [x], x.shape, { low, high });
}

const clipOp: Op = {
  name: "clip",
  emit: (e, t, [x]) => {
    const low = t.attrs.low as number;
    const high = t.attrs.high as number;
    return e.node("Clip", [x, low === -Infinity ? "" : e.scalar(low), high === Infinity ? "" : e.scalar(high)]);
  },
  grad: (t, g) => {
    const x = t.inputs[0];
    const inside = and(greaterEqual(x, t.attrs.low as number), lessEqual(x, t.attrs.high as number));
    return [mul(g, cast(inside, "float32"))];
  },
};

function comparison(name: string, onnx: string): (a: Value, b: Value) => Tensor {
  const op: Op = { name, emit: (e, _t, operands) => e.node(onnx, operands) };
  return (a, b) => {
    const x = tensor(a);
    const y = tensor(b);
    if (x.dtype !== y.dtype) throw new TypeError(`${name}: received ${x.dtype} and ${y.dtype}; expected one type; use cast`);
    return apply(op, [x, y], broadcast(name, x.shape, y.shape), {}, "bool");
  };
}

export const equal = comparison("equal", "Equal");
export const less = comparison("less", "Less");
export const lessEqual = comparison("lessEqual", "LessOrEqual");
export const greater = comparison("greater", "Greater");
export const greaterEqual = comparison("greaterEqual", "GreaterOrEqual");

function logical(name: string, onnx: string): (a: Tensor, b: Tensor) => Tensor {
  const op: Op = { name, emit: (e, _t, operands) => e.node(onnx, operands) };
  return (a, b) => {
    requireType(name, a, "bool");
    requireType(name, b, "bool");
    return apply(op, [a, b], broadcast(name, a.shape, b.shape), {}, "bool");
  };
}

export const and = logical("and", "And");
export const or = logical("or", "Or");

export function not(x: Tensor): Tensor {
  requireType("not", x, "bool");
  return apply(notOp, [x], x.shape, {}, "bool");
}

const notOp: Op = { name: "not", emit: (e, _t, [x]) => e.node("Not", [x]) };

/** a where the condition holds, b elsewhere. Throws a TypeError if a and b are of two types. */
export function where(condition: Tensor, a: Value, b: Value): Tensor {
  requireType("where", condition, "bool");
  const x = tensor(a);
  const y = tensor(b);
  if (x.dtype !== y.dtype) throw new TypeError(`where: received ${x.dtype} and ${y.dtype}; expected one type; use cast`);
  return apply(whereOp, [condition, x, y], broadcast("where", condition.shape, x.shape, y.shape), {}, x.dtype);
}

const whereOp: Op = {
  name: "where",
  emit: (e, _t, operands) => e.node("Where", operands),
  grad: (t, g) => {
    const [condition, x, y] = t.inputs;
    return [
      undefined,
      literal(x) === undefined ? sumTo(where(condition, g, 0), x.shape) : undefined,
      literal(y) === undefined ? sumTo(where(condition, 0, g), y.shape) : undefined,
    ];
  },
};

/** The same values as another element type; reals become whole numbers by dropping the fraction. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(castOp, [x], x.shape, { dtype }, dtype);
}

const castOp: Op = {
  name: "cast",
  emit: (e, t, [x]) => e.node("Cast", [x], { to: { int: { float32: 1, int32: 6, bool: 9 }[t.dtype] } }),
  grad: () => [undefined], // a whole number or a truth value does not vary smoothly
};

/** The value itself, through which no derivative flows. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopOp, [x], x.shape, {}, x.dtype);
}

const stopOp: Op = { name: "stopGradient", emit: (_e, _t, [x]) => x, grad: () => [undefined] };
