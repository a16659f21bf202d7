import type { Shape, Tensor } from "../../src/autodiff/index.ts";

// A second opinion on every operation: expressions evaluated in float64 by loops that follow the definitions, with no
// thought of speed. An operation without a line here is an error, so a new one can't go unproved.

/** Numbers with a shape; whole numbers and truth values (0, 1) are kept as doubles too. */
export interface Array64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** What the expression reads: values of inputs and parameters by tensor, symbolic sides by name. */
export interface Given {
  readonly values: ReadonlyMap<Tensor, Float64Array>;
  readonly sides?: Sides;
}

type Sides = Readonly<Record<string, number>>;
type Rule = (t: Tensor, x: readonly Array64[], shape: readonly number[], sides: Sides) => Float64Array;

/** The values of expressions. Throws on an operation it does not know, and on one whose result has not the shape it claims. */
export function evaluate(roots: readonly Tensor[], given: Given): Array64[] {
  const done = new Map<Tensor, Array64>();
  const visit = (t: Tensor): Array64 => {
    const known = done.get(t);
    if (known) return known;
    const operands = t.inputs.map(visit);
    const shape = concrete(t.shape, given.sides ?? {});
    const own = given.values.get(t) ?? t.values;
    const rule = rules[t.op.name];
    if (!own && !rule) throw new Error(`no reference for the operation "${t.op.name}"; give it one in test/autodiff/evaluate.ts`);
    const data = own ? Float64Array.from(own) : rule(t, operands, shape, given.sides ?? {});
    if (data.length !== count(shape)) throw new Error(`${t.op.name}: ${data.length} values in a shape of [${shape}]`);
    const result = { shape, data };
    done.set(t, result);
    return result;
  };
  return roots.map(visit);
}

/** The operations that have a reference. */
export const referenced = (): string[] => Object.keys(rules);

/** A shape with its symbols replaced by numbers. */
export function concrete(shape: Shape, sides: Sides): number[] {
  return shape.map((side) =>
    typeof side === "number"
      ? side
      : side.split("*").reduce((n, part) => n * (/^\d+$/.test(part) ? Number(part) : sides[part]), 1),
  );
}

export const count = (shape: readonly number[]) => shape.reduce((n, side) => n * side, 1);

/** The index of an entry from its place in the flat order, last axis fastest. */
function indexOf(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis];
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}

function flatOf(index: readonly number[], shape: readonly number[]): number {
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis++) flat = flat * shape[axis] + index[axis];
  return flat;
}

/** A result written entry by entry from its index. */
function fill(shape: readonly number[], entry: (index: number[]) => number): Float64Array {
  return Float64Array.from({ length: count(shape) }, (_, flat) => entry(indexOf(flat, shape)));
}

/** The entry of x that broadcasting puts at an index of a larger shape. */
function spreadEntry(x: Array64, index: readonly number[]): number {
  const lead = index.length - x.shape.length;
  return x.data[
    flatOf(
      x.shape.map((side, axis) => (side === 1 ? 0 : index[axis + lead])),
      x.shape,
    )
  ];
}

const entrywise =
  (f: (...x: number[]) => number): Rule =>
  (_t, operands, shape) => {
    const entries = count(shape);
    const own = operands.map((x) => (x.data.length === entries ? x.data : fill(shape, (index) => spreadEntry(x, index))));
    return Float64Array.from({ length: entries }, (_, i) => f(...own.map((data) => data[i])));
  };

/** Each result from the list of the entries that it is made of. */
const reduction =
  (f: (entries: number[]) => number): Rule =>
  (t, [x]) => {
    const axes = (t.attrs.axes ?? [t.attrs.axis]) as number[];
    const kept = x.shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
    const lists: number[][] = Array.from({ length: count(kept) }, () => []);
    x.data.forEach((value, flat) => {
      lists[
        flatOf(
          indexOf(flat, x.shape).map((at, axis) => (axes.includes(axis) ? 0 : at)),
          kept,
        )
      ].push(value);
    });
    return Float64Array.from(lists, f);
  };

/** Each line along the axis turned into another line. */
const lines =
  (f: (line: number[]) => number[]): Rule =>
  (t, [x], shape) => {
    const axis = t.attrs.axis as number;
    return fill(shape, (index) => {
      const line = Array.from({ length: x.shape[axis] }, (_, k) => x.data[flatOf(index.with(axis, k), x.shape)]);
      return f(line)[index[axis]];
    });
  };

const total = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);
const logSumExp = (x: readonly number[]) => {
  const top = Math.max(...x);
  return top + Math.log(total(x.map((value) => Math.exp(value - top))));
};
/** erf x = 2/√π e^{-x²} Σ 2ⁿ x^{2n+1} / (2n+1)!!, a series of one sign. */
const erf = (x: number) => {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = 0;
  for (let n = 0; n < 200; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 3);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
};

const product: Rule = (t, [a, b, bias], shape) => {
  const { transposeA, transposeB } = t.attrs;
  const K = a.shape[a.shape.length - (transposeA ? 2 : 1)];
  return fill(shape, (index) => {
    const lead = index.slice(0, -2);
    const [m, n] = index.slice(-2);
    let sum = bias ? spreadEntry(bias, index) : 0;
    for (let k = 0; k < K; k++) {
      const left = spreadEntryOf(a, [...lead, ...(transposeA ? [k, m] : [m, k])]);
      sum += left * spreadEntryOf(b, [...lead, ...(transposeB ? [n, k] : [k, n])]);
    }
    return sum;
  });
};
/** As `spreadEntry`, where x may lack leading axes and its last two are never repeated. */
const spreadEntryOf = (x: Array64, index: readonly number[]) => {
  const lead = index.length - x.shape.length;
  const own = x.shape.map((side, axis) => (side === 1 && axis < x.shape.length - 2 ? 0 : index[axis + lead]));
  return x.data[flatOf(own, x.shape)];
};

/** Calls `visit` for every pair of a window's entry and the output it adds to: y[b,f,i,j] += x[b,c,si+u-p, sj+v-q] w[f,c,u,v]. */
function convolve(
  { stride, padding }: Record<string, number[]>,
  image: readonly number[],
  filters: readonly number[],
  output: readonly number[],
  visit: (x: number, w: number, y: number) => void,
): void {
  fill(output, ([b, f, i, j]) => {
    for (let c = 0; c < filters[1]; c++) {
      for (let u = 0; u < filters[2]; u++) {
        for (let v = 0; v < filters[3]; v++) {
          const row = stride[0] * i + u - padding[0];
          const column = stride[1] * j + v - padding[1];
          if (row < 0 || row >= image[2] || column < 0 || column >= image[3]) continue;
          visit(flatOf([b, c, row, column], image), flatOf([f, c, u, v], filters), flatOf([b, f, i, j], output));
        }
      }
    }
    return 0;
  });
}
const window = (t: Tensor) => t.attrs as unknown as Record<string, number[]>;

const normalised = (line: readonly number[], epsilon: number) => {
  const mu = total(line) / line.length;
  const rstd = 1 / Math.sqrt(total(line.map((value) => (value - mu) ** 2)) / line.length + epsilon);
  return { mu, rstd };
};
const lastLine = (x: Array64, index: readonly number[]) => {
  const from = flatOf(index.with(-1, 0), x.shape);
  return [...x.data.subarray(from, from + x.shape[x.shape.length - 1])];
};

const rules: Record<string, Rule> = {
  add: entrywise((x, y) => x + y),
  sub: entrywise((x, y) => x - y),
  mul: entrywise((x, y) => x * y),
  div: entrywise((x, y) => x / y),
  neg: entrywise((x) => -x),
  exp: entrywise(Math.exp),
  log: entrywise(Math.log),
  tanh: entrywise(Math.tanh),
  sigmoid: entrywise((x) => 1 / (1 + Math.exp(-x))),
  softplus: entrywise((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  sqrt: entrywise(Math.sqrt),
  abs: entrywise(Math.abs),
  sign: entrywise(Math.sign),
  sin: entrywise(Math.sin),
  cos: entrywise(Math.cos),
  erf: entrywise(erf),
  relu: entrywise((x) => Math.max(x, 0)),
  pow: entrywise((x, p) => x ** p),
  max: entrywise(Math.max),
  min: entrywise(Math.min),
  clip: (t, ...rest) => entrywise((v) => Math.min(Math.max(v, t.attrs.low as number), t.attrs.high as number))(t, ...rest),
  equal: entrywise((x, y) => Number(x === y)),
  less: entrywise((x, y) => Number(x < y)),
  lessEqual: entrywise((x, y) => Number(x <= y)),
  greater: entrywise((x, y) => Number(x > y)),
  greaterEqual: entrywise((x, y) => Number(x >= y)),
  and: entrywise((x, y) => x * y),
  or: entrywise(Math.max),
  not: entrywise((x) => 1 - x),
  where: entrywise((condition, x, y) => (condition ? x : y)),
  cast: (t, ...rest) =>
    entrywise({ float32: (v: number) => v, int32: Math.trunc, bool: (v: number) => Number(v !== 0) }[t.dtype])(t, ...rest),
  stopGradient: entrywise((x) => x),
  broadcastTo: entrywise((x) => x),
  reshape: (_t, [x]) => x.data,
  transpose: (t, [x], shape) => {
    const perm = t.attrs.perm as number[];
    return fill(
      shape,
      (index) =>
        x.data[
          flatOf(
            perm.map((_, axis) => index[perm.indexOf(axis)]),
            x.shape,
          )
        ],
    );
  },
  concat: (t, parts, shape) => {
    const axis = t.attrs.axis as number;
    return fill(shape, (index) => {
      let k = 0;
      let at = index[axis];
      while (at >= parts[k].shape[axis]) at -= parts[k++].shape[axis];
      return parts[k].data[flatOf(index.with(axis, at), parts[k].shape)];
    });
  },
  slice: (t, [x], shape) => {
    const { axis, start, step } = t.attrs as Record<string, number>;
    return fill(shape, (index) => x.data[flatOf(index.with(axis, start + step * index[axis]), x.shape)]);
  },
  spread: (t, [g], shape) => {
    const { axis, start, step } = t.attrs as Record<string, number>;
    return fill(shape, (index) => {
      const at = (index[axis] - start) / step;
      return Number.isInteger(at) && at >= 0 && at < g.shape[axis] ? g.data[flatOf(index.with(axis, at), g.shape)] : 0;
    });
  },
  side: (t, _x, _shape, sides) => Float64Array.from(concrete([t.attrs.dim as string], sides)),
  sum: reduction(total),
  mean: reduction((x) => total(x) / x.length),
  amax: reduction((x) => Math.max(...x)),
  argmax: reduction((x) => x.indexOf(Math.max(...x))),
  argsort: lines((x) => [...x.keys()].sort((i, j) => x[i] - x[j])),
  logSumExp: reduction(logSumExp),
  softmax: lines((x) => x.map((value) => Math.exp(value - logSumExp(x)))),
  logSoftmax: lines((x) => x.map((value) => value - logSumExp(x))),
  matmul: product,
  conv2d: (t, [x, w, bias], shape) => {
    const y = fill(shape, ([, f]) => (bias ? bias.data[f] : 0));
    convolve(window(t), x.shape, w.shape, shape, (i, k, o) => {
      y[o] += x.data[i] * w.data[k];
    });
    return y;
  },
  conv2dImage: (t, [g, w], shape) => {
    const x = new Float64Array(count(shape));
    convolve(window(t), shape, w.shape, g.shape, (i, k, o) => {
      x[i] += g.data[o] * w.data[k];
    });
    return x;
  },
  conv2dFilter: (t, [x, g], shape) => {
    const w = new Float64Array(count(shape));
    convolve(window(t), x.shape, shape, g.shape, (i, k, o) => {
      w[k] += x.data[i] * g.data[o];
    });
    return w;
  },
  layerNorm: (t, [x, gain, bias], shape) =>
    fill(shape, (index) => {
      const { mu, rstd } = normalised(lastLine(x, index), t.attrs.epsilon as number);
      return (x.data[flatOf(index, shape)] - mu) * rstd * gain.data[index.at(-1)!] + bias.data[index.at(-1)!];
    }),
  layerNormStatistic: (t, [, x], shape) =>
    fill(shape, (index) => {
      const { mu, rstd } = normalised(lastLine(x, index), t.inputs[0].attrs.epsilon as number);
      return t.attrs.index === 1 ? mu : rstd;
    }),
  gated: entrywise((x, s) => x * s),
  gather: (t, [x, indices], shape) => {
    const axis = t.attrs.axis as number;
    const wide = indices.shape.length;
    return fill(shape, (index) => {
      const picked = indices.data[flatOf(index.slice(axis, axis + wide), indices.shape)];
      return x.data[flatOf([...index.slice(0, axis), wrap(picked, x.shape[axis]), ...index.slice(axis + wide)], x.shape)];
    });
  },
  scatterAdd: (_t, [g, indices], shape) => {
    const out = new Float64Array(count(shape));
    const row = count(shape.slice(1));
    indices.data.forEach((target, i) => {
      for (let k = 0; k < row; k++) out[wrap(target, shape[0]) * row + k] += g.data[i * row + k];
    });
    return out;
  },
  putAlongAxis: entrywise((g, mark) => g * mark),
  oneHot: (t, [indices], shape) => {
    const axis = t.attrs.axis as number;
    return fill(shape, (index) => {
      const picked = indices.data[flatOf(index.toSpliced(axis, 1), indices.shape)];
      return Number(wrap(picked, shape[axis]) === index[axis]);
    });
  },
  takeAlongAxis: (t, [x, indices], shape) => {
    const axis = t.attrs.axis as number;
    return fill(shape, (index) => {
      const picked = indices.data[flatOf(index, indices.shape)];
      return x.data[flatOf(index.with(axis, wrap(picked, x.shape[axis])), x.shape)];
    });
  },
};

/** Negative positions count from the back. */
const wrap = (index: number, side: number) => (index < 0 ? index + side : index);
