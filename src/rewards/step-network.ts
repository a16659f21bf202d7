import { concat, linear, named, type ParamTree, reshape, type Tensor } from "../autodiff/index.ts";
import { type Activation, activations, dense, type Spaces } from "../policies/index.ts";
import { shaped, shapedNumber } from "./shaping.ts";
import { spectral, spectralNumbers } from "./spectral.ts";
import { columns, type StepEncoding, type StepOver, stepEncoding } from "./step-encoding.ts";

export interface StepNetworkOptions {
  readonly over?: StepOver;
  readonly hidden?: readonly number[];
  readonly activation?: Exclude<Activation, "gelu">;
  /** γ of a potential h beside the reward g: f = g + γ h(s') − h(s); none by default. */
  readonly shaping?: number;
  /** Hidden layers of the potential. */
  readonly potentialHidden?: readonly number[];
  /** An indicator of the absorbing state. */
  readonly absorbing?: boolean;
  /** Every layer is divided by its largest singular value. */
  readonly spectral?: boolean;
  /** Networks side by side, each with parameters of its own. */
  readonly members?: number;
}

/** g, the reward proper, and f, the same with its potential; `[B]` each. They are one where there is no potential. */
export interface StepValue<T> {
  readonly f: T;
  readonly g: T;
}

/** A family of functions of encoded steps. */
export interface StepNetwork {
  readonly encoding: StepEncoding;
  readonly params: ParamTree;
  readonly options: Required<Omit<StepNetworkOptions, "shaping">> & { readonly shaping: number | undefined };
  /** Of rows x `[B, W]`, one entry a member. */
  forward(x: Tensor): readonly StepValue<Tensor>[];
  /** The same on numbers, at once: for worlds that must answer within a step. Rows of x beyond `rows` are left alone. */
  evaluate(theta: Float32Array, x: Float32Array, rows?: number): readonly StepValue<Float64Array>[];
}

/**
 * A reward network over any of (s), (s, a), (s, a, s'), (s, a, s', ended): a multilayer perceptron g on encoded steps, with a
 * potential h(s) of its own where `shaping` gives its discount. Throws if γ is not from 0 to 1 or there is no member.
 */
export function stepNetwork(spaces: Spaces, given: StepNetworkOptions = {}): StepNetwork {
  const { over = "sa", hidden = [32, 32], activation = "tanh", shaping, absorbing = false } = given;
  const { potentialHidden = hidden, members = 1 } = given;
  if (shaping !== undefined && !(shaping >= 0 && shaping <= 1))
    throw new RangeError(`shaping is the discount of a potential, from 0 to 1, found ${shaping}`);
  if (!(Number.isInteger(members) && members > 0))
    throw new RangeError(`members is a positive whole number of networks, found ${members}`);
  const normed = given.spectral ?? false;
  const encoding = stepEncoding(spaces, over, { absorbing, both: shaping !== undefined });
  const { s, a, next, ended, width } = encoding;
  const reads = [s, a, ...(over === "sas" || over === "sasd" ? [next] : []), ...(over === "sasd" ? [ended] : [])];
  const parts = merged(reads);
  const inside = parts.reduce((sum, [from, to]) => sum + to - from, 0);
  const one = () => ({
    g: dense({ in: inside, hidden, out: 1, activation, outputGain: 0.1 }).params,
    ...(shaping === undefined
      ? {}
      : { h: dense({ in: s[1] - s[0], hidden: potentialHidden, out: 1, activation, outputGain: 0.1 }).params }),
  });
  const trees = Array.from({ length: members }, one);
  const params: ParamTree = members === 1 ? trees[0] : Object.fromEntries(trees.map((tree, i) => [`member${i}`, tree]));
  const phi = activations[activation];
  const run = (tree: ParamTree, x: Tensor): Tensor => {
    const layers = Object.values(tree) as unknown as { W: Tensor; b: Tensor }[];
    const out = layers.reduce((z, { W, b }, i) => {
      const y = linear(z, normed ? spectral(W) : W, b);
      return i < layers.length - 1 ? phi(y) : y;
    }, x);
    return reshape(out, [x.shape[0]]);
  };
  return {
    encoding,
    params,
    options: { over, hidden, activation, shaping, potentialHidden, absorbing, spectral: normed, members },
    forward(x) {
      const rows = parts.map((part) => columns(x, part, width));
      const whole = rows.length === 1 ? rows[0] : concat(rows, 1);
      return trees.map((tree) => {
        const g = run(tree.g, whole);
        if (shaping === undefined || !tree.h) return { f: g, g };
        const [h, then] = [s, next].map((part) => run(tree.h as ParamTree, columns(x, part, width)));
        return { f: shaped({ g, h, next: then, ended: reshape(columns(x, ended, width), [x.shape[0]]) }, shaping), g };
      });
    },
    evaluate(theta, x, rows = x.length / width) {
      const weights = named(params, theta);
      const prefix = (i: number, part: "g" | "h") => (members === 1 ? part : `member${i}.${part}`);
      return trees.map((tree, i) => {
        const net = (part: "g" | "h") => plain(weights, prefix(i, part), activation, normed);
        const g = net("g")(x, rows, width, parts);
        if (shaping === undefined || !tree.h) return { f: g, g };
        const potential = net("h");
        const [h, then] = [s, next].map((part) => potential(x, rows, width, [part]));
        const f = g.map((own, k) => shapedNumber({ g: own, h: h[k], next: then[k], ended: x[k * width + ended[0]] }, shaping));
        return { f, g };
      });
    },
  };
}

/** Neighbouring columns put together. */
function merged(parts: readonly (readonly [number, number])[]): [number, number][] {
  const out: [number, number][] = [];
  for (const [from, to] of parts) {
    if (from === to) continue;
    const last = out.at(-1);
    if (last && last[1] === from) last[1] = to;
    else out.push([from, to]);
  }
  return out;
}

type Weights = ReturnType<typeof named>;

const plainActivations: Record<string, (x: number) => number> = {
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  silu: (x) => x / (1 + Math.exp(-x)),
  none: (x) => x,
};

/** A perceptron of the parameters below `prefix`, as loops. */
function plain(weights: Weights, prefix: string, activation: string, normed: boolean) {
  const layers: { W: Float32Array; b: Float32Array; from: number; to: number }[] = [];
  for (let i = 0; weights[`${prefix}.${i}.W`]; i++) {
    const { data, shape } = weights[`${prefix}.${i}.W`];
    const W = normed ? spectralNumbers(data, shape[0]) : data;
    layers.push({ W, b: weights[`${prefix}.${i}.b`].data, from: shape[0], to: shape[1] });
  }
  const phi = plainActivations[activation];
  return (x: Float32Array, rows: number, width: number, parts: readonly (readonly [number, number])[]): Float64Array => {
    const out = new Float64Array(rows);
    const widest = Math.max(...layers.map(({ from, to }) => Math.max(from, to)));
    let z = new Float64Array(widest);
    let y = new Float64Array(widest);
    for (let k = 0; k < rows; k++) {
      let at = 0;
      for (const [from, to] of parts) for (let c = from; c < to; c++) z[at++] = x[k * width + c];
      layers.forEach(({ W, b, from, to }, i) => {
        for (let j = 0; j < to; j++) {
          let sum = b[j];
          for (let c = 0; c < from; c++) sum += z[c] * W[c * to + j];
          y[j] = i < layers.length - 1 ? phi(sum) : sum;
        }
        [z, y] = [y, z];
      });
      out[k] = z[0];
    }
    return out;
  };
}
