import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import { compile, grad, input, rng, sin, square, sum, type Tensor } from "../../src/autodiff/index.ts";
import { type Case, cases, compositions, declare, sides } from "./cases.ts";
import { type Array64, evaluate } from "./evaluate.ts";

/** One application of an operation, and the scalars whose derivatives are looked at. */
interface Trial {
  own: Case;
  operands: Tensor[];
  values: Map<Tensor, Float64Array>;
  /** Operands that vary smoothly. */
  wrt: Tensor[];
  y: Tensor;
  /** Σ sin y, which no operation makes constant, and its gradient. */
  loss: Tensor;
  first: Tensor[];
  /** The sum of squares of the gradient, and the gradient of that. */
  squares: Tensor;
  second: Tensor[];
}

function trial(own: Case, k: number): Trial {
  const operands = own.operands.map((operand, i) => declare(operand, `x${k}_${i}`));
  const values = new Map(operands.map((t, i) => [t, Float64Array.from(own.operands[i].values)]));
  const y = own.apply(...operands);
  const wrt = own.smooth === false ? [] : operands.filter((t) => t.dtype === "float32");
  const loss = sum(sin(y));
  const first = grad(loss, wrt);
  const squares = first.map((g) => sum(square(g))).reduce((a, b) => ad.add(a, b), ad.scalar(0));
  return { own, operands, values, wrt, y, loss, first, squares, second: grad(squares, wrt) };
}

/** What ONNX Runtime makes of all results, in one session. */
async function execute(trials: Trial[]): Promise<Float32Array[][]> {
  const probes = Object.keys(sides).map((symbol) => input(`probe${symbol}`, [symbol]));
  const outputs: Record<string, Tensor> = {};
  probes.forEach((probe, i) => {
    outputs[`probe${i}`] = sum(probe);
  });
  const results = trials.map(({ y, first, second }) => [y, ...first, ...second]);
  results.forEach((list, k) => {
    list.forEach((t, i) => {
      outputs[`y${k}_${i}`] = t;
    });
  });
  const feeds: Record<string, Float32Array | Int32Array | Uint8Array> = {};
  for (const probe of probes) feeds[probe.name!] = new Float32Array(sides[probe.shape[0]]);
  const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
  for (const { operands, values } of trials) {
    for (const t of operands) feeds[t.name!] = arrays[t.dtype].from(values.get(t)!);
  }
  const program = await compile({ outputs });
  const out = await program.run(feeds);
  await program.release();
  return results.map((list, k) => list.map((_, i) => out[`y${k}_${i}`] as Float32Array));
}

const show = (own: Case) => `${own.call} of ${own.operands.map((x) => `${x.dtype}[${x.shape}]`).join(", ")}`;

function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, what: string): void {
  expect(found.length, `${what}: number of entries`).toBe(wanted.length);
  let scale = 1;
  for (let i = 0; i < wanted.length; i++) scale = Math.max(scale, Math.abs(wanted[i]));
  for (let i = 0; i < wanted.length; i++) {
    if (!(Math.abs(found[i] - wanted[i]) <= tolerance * scale)) {
      expect.fail(`${what}: entry ${i} is ${found[i]}, expected ${wanted[i]} (largest ${scale})`);
    }
  }
}

/** The derivative of a scalar along a direction of one operand, by central differences of fourth order in float64. */
function slope(scalar: Tensor, { values }: Trial, operand: Tensor, direction: Float64Array): number {
  const h = 1e-4;
  const at = (step: number) => {
    const moved = new Map(values);
    moved.set(
      operand,
      values.get(operand)!.map((value, i) => value + step * direction[i]),
    );
    return evaluate([scalar], { values: moved, sides })[0].data[0];
  };
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((total, value, i) => total + value * b[i], 0);

async function check(batch: readonly Case[]): Promise<void> {
  const trials = batch.map(trial);
  const found = await execute(trials);
  trials.forEach((own, k) => {
    const what = show(own.own);
    const { wrt, y, first, second, values } = own;
    const reference: Array64[] = evaluate([y, ...first, ...second], { values, sides });
    const labels = [
      "value",
      ...wrt.map((_, i) => `gradient in operand ${i}`),
      ...wrt.map((_, i) => `second derivative in operand ${i}`),
    ];
    labels.forEach((label, i) => {
      expectClose(found[k][i], reference[i].data, 5e-5, `${what}, ${label}, ONNX Runtime against float64`);
    });
    wrt.forEach((operand, i) => {
      const random = rng(k).split(i);
      const direction = Float64Array.from(values.get(operand)!, () => random.uniform(-1, 1));
      const slopes = [own.loss, own.squares].map((scalar) => slope(scalar, own, operand, direction));
      const derived = [first[i], second[i]].map((g) => dot(reference[[...first, ...second].indexOf(g) + 1].data, direction));
      expectClose([derived[0]], [slopes[0]], 1e-7, `${what}, gradient in operand ${i} against central differences`);
      expectClose([derived[1]], [slopes[1]], 1e-6, `${what}, second derivative in operand ${i} against central differences`);
    });
  });
}

const proved = (arbitrary: fc.Arbitrary<Case>) => {
  const batch = fc.array(arbitrary, { minLength: 1, maxLength: 24, size: "max" });
  return fc.assert(fc.asyncProperty(batch, check), { numRuns: 6, seed: 20 });
};

describe("each operation's value is that of a plain loop in float64, and its first and second derivatives are those of central differences", () => {
  for (const [name, arbitrary] of Object.entries(cases)) {
    it(name, () => proved(arbitrary));
  }
});

describe("what is left out when a program is written changes neither values nor derivatives", () => {
  for (const [name, arbitrary] of Object.entries(compositions)) {
    it(name, () => proved(arbitrary));
  }
});
