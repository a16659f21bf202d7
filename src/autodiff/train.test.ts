import { describe, expect, it } from "vitest";
import { glorot, zeros } from "./initializers.ts";
import { add, mean, mul, neg, sub, sum } from "./ops/arithmetic.ts";
import { log, sqrt, square, tanh } from "./ops/elementwise.ts";
import { takeAlongAxis } from "./ops/indexing.ts";
import { linear } from "./ops/linear.ts";
import { logSoftmax } from "./ops/reduce.ts";
import { adam, adamW, type Optimizer, rmsprop, sgd } from "./optim.ts";
import { rng } from "./random.ts";
import { input, param } from "./tensor.ts";
import { compileUpdate, initialState, NotFiniteError, type TrainState, trainStep, type UpdateSpec } from "./train.ts";

function classifier(hidden = 16) {
  const first = { W: param([4, hidden], glorot()), b: param([hidden], zeros) };
  const last = { W: param([hidden, 3], glorot()), b: param([3], zeros) };
  const [s, a] = [input("s", ["B", 4]), input("a", ["B"], "int32")];
  const logits = linear(tanh(linear(s, first.W, first.b)), last.W, last.b);
  return { loss: neg(mean(takeAlongAxis(logSoftmax(logits), a))), params: { first, last }, logits };
}

function batches(updates: number, B: number, seed = 1) {
  const random = rng(seed);
  const s = Float32Array.from({ length: updates * B * 4 }, () => random.normal());
  return { s, a: Int32Array.from({ length: updates * B }, (_, i) => (s[4 * i] > 0.3 ? 2 : s[4 * i + 1] > 0 ? 1 : 0)) };
}

const copy = (state: TrainState) => ({ theta: [...state.theta], slots: state.slots.map((slot) => [...slot]), t: state.t });
const optimizers: Optimizer[] = [
  adam({ learningRate: (t) => 0.01 / t }),
  adamW(),
  sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 }),
  sgd({ learningRate: 0.1 }),
  rmsprop({ learningRate: 1e-3 }),
];

/** `updates` updates, in blocks of the given length (0: one at a time). */
async function trained(spec: UpdateSpec, updates: number, block: number, threads = 1, B = 8) {
  const update = await compileUpdate(spec, { threads });
  const state = initialState(spec.params, spec.optimizer, 3);
  const data = batches(updates, B);
  const losses: number[] = [];
  const step = block || 1;
  for (let t = 0; t < updates; t += step) {
    const n = Math.min(step, updates - t);
    const feeds = { s: data.s.slice(t * B * 4, (t + n) * B * 4), a: data.a.slice(t * B, (t + n) * B) };
    const report = await update.run(state, feeds, block === 0 ? undefined : n);
    losses.push(...report.loss);
  }
  await update.release();
  return { ...copy(state), losses };
}

describe("a block of updates", () => {
  it.each(optimizers.map((own) => [`${own.name} with ${own.slots.length} slots`, own] as const))(
    "is bit for bit the same as its updates one at a time: %s",
    async (_name, optimizer) => {
      const spec = { ...classifier(), optimizer, clipNorm: 0.5 };
      const singly = await trained(spec, 12, 0);
      expect(await trained(spec, 12, 12)).toEqual(singly);
      expect(await trained(spec, 12, 5)).toEqual(singly);
      expect(singly.t).toBe(12);
    },
  );

  it("gives the same bits when it is run again, and with two threads", async () => {
    const spec = { ...classifier(128), optimizer: adam() };
    const once = await trained(spec, 40, 20, 1, 256);
    expect(await trained(spec, 40, 20, 1, 256)).toEqual(once);
    expect(await trained(spec, 40, 20, 2, 256)).toEqual(once);
  });

  it("is the same whether the batch size is known when compiling or when running", async () => {
    const spec = { ...classifier(), optimizer: adam() };
    expect(await trained({ ...spec, dims: { B: 8 } }, 6, 6)).toEqual(await trained(spec, 6, 6));
  });

  it("takes inputs that stay the same for all updates, and reads their symbolic sides", async () => {
    const W = param([3], zeros);
    const [x, y] = [input("x", ["N", 3]), input("y", ["N"])];
    const loss = mean(square(sub(sum(mul(x, W), 1), y)));
    const spec = { loss, params: { W }, optimizer: sgd({ learningRate: 0.05 }), metrics: { bias: mean(y) }, fixed: ["x", "y"] };
    const feeds = { x: Float32Array.of(1, 2, 3, -1, 0, 1, 2, 2, 0, 1, 1, 1), y: Float32Array.of(1, 2, 3, 4) };
    const [once, block] = [await compileUpdate(spec), await compileUpdate(spec)];
    const [one, other] = [initialState(spec.params, spec.optimizer, 0), initialState(spec.params, spec.optimizer, 0)];
    const losses: number[] = [];
    for (let t = 0; t < 4; t++) losses.push((await once.run(one, feeds)).loss[0]);
    const report = await block.run(other, feeds, 4);
    expect([...report.loss]).toEqual(losses);
    expect([...report.bias]).toEqual([2.5, 2.5, 2.5, 2.5]);
    expect(copy(other)).toEqual(copy(one));
    expect(losses[3]).toBeLessThan(losses[0]);
  });

  it("may run for two states at the same time without mixing them up", async () => {
    const spec = { ...classifier(), optimizer: adam() };
    const update = await compileUpdate(spec);
    const data = batches(6, 8);
    const states = [0, 1, 2].map((seed) => initialState(spec.params, spec.optimizer, seed));
    const alone = states.map((state) => ({ theta: state.theta.slice(), slots: state.slots.map((slot) => slot.slice()), t: 0 }));
    for (let round = 0; round < 3; round++) await Promise.all(states.map((state) => update.run(state, data, 6)));
    for (const state of alone) for (let round = 0; round < 3; round++) await update.run(state, data, 6);
    expect(states.map(copy)).toEqual(alone.map(copy));
    expect(new Set(states.map((state) => state.theta)).size).toBe(3);
  });
});

describe("a training step with its own state", () => {
  it("learns, and counts its updates", async () => {
    const { loss, params } = classifier();
    const step = await trainStep(loss, params, adam({ learningRate: 0.01 }), { seed: 2 });
    const data = batches(1, 64);
    const first = await step(data);
    for (let k = 0; k < 99; k++) await step(data);
    const last = await step(data);
    expect(last.loss).toBeLessThan(0.5 * first.loss);
    expect(step.state.t).toBe(101);
  });
});

describe("what goes wrong in training is said, and changes nothing", () => {
  const x = input("x", ["N"]);
  const w = param([1], (shape) => new Float32Array(shape[0]).fill(1));
  const spec = { loss: mean(log(mul(w, x))), params: { w }, optimizer: adam() };

  it("a loss that is not finite names the update and leaves the state as it was, in a block and alone", async () => {
    const update = await compileUpdate(spec);
    const state = initialState(spec.params, spec.optimizer, 0);
    await update.run(state, { x: Float32Array.of(1, 2, 3, 4) }, 2);
    const before = copy(state);
    const bad = update.run(state, { x: Float32Array.of(1, 2, 3, 4, 5, -1, 7, 8) }, 4);
    await expect(bad).rejects.toThrow(NotFiniteError);
    await expect(bad).rejects.toThrow(/^loss is NaN in update 5; expected a finite number/);
    await expect(bad).rejects.toMatchObject({ update: 5, name: "NotFiniteError" });
    await expect(update.run(state, { x: Float32Array.of(0, 1) })).rejects.toThrow(/^loss is -Infinity in update 3/);
    expect(copy(state)).toEqual(before);
    // and it can go on
    await update.run(state, { x: Float32Array.of(1, 2, 3, 4) }, 2);
    expect(state.t).toBe(4);
  });

  it("so does a gradient or a metric that is not finite where the loss is", async () => {
    const state = initialState(spec.params, spec.optimizer, 0);
    const root = await compileUpdate({ ...spec, loss: mean(sqrt(mul(w, x))) });
    await expect(root.run(state, { x: Float32Array.of(0, 1) })).rejects.toThrow(/^gradNorm is NaN in update 1/);
    const update = await compileUpdate({ ...spec, loss: mean(x), metrics: { bits: mean(log(x)) } });
    await expect(update.run(state, { x: Float32Array.of(1, -1) })).rejects.toThrow(/^bits is NaN in update 1/);
    expect(state.t).toBe(0);
  });

  it.each<[string, Record<string, Float32Array | Int32Array>, number | undefined, RegExp]>([
    ["a missing input", {}, undefined, /^input "s" is missing; expected float32\[B, 4\]$/],
    ["a missing input of a block", {}, 3, /^input "s" is missing; expected float32\[3, B, 4\]$/],
    [
      "an array of another type",
      { s: new Int32Array(8) },
      undefined,
      /^input "s" is a Int32Array; expected float32 \(Float32Array\)$/,
    ],
    [
      "a length that is no multiple",
      { s: new Float32Array(9) },
      undefined,
      /^input "s" has 9 entries; expected the shape \[B, 4\]$/,
    ],
    ["an empty array", { s: new Float32Array(0) }, undefined, /^input "s" has 0 entries; expected the shape \[B, 4\]$/],
    [
      "two inputs that disagree about a side",
      { s: new Float32Array(8), a: new Int32Array(3) },
      undefined,
      /^input "a" has 3 entries; expected the shape \[B\] with B = 2$/,
    ],
    [
      "a block that does not fill",
      { s: new Float32Array(32), a: new Int32Array(4) },
      3,
      /^input "s" has 32 entries; expected the shape \[3, B, 4\]$/,
    ],
    [
      "a block of no updates",
      { s: new Float32Array(8), a: new Int32Array(2) },
      0,
      /^a block of 0 updates; expected a positive whole number$/,
    ],
  ])("%s", async (_name, feeds, count, message) => {
    const own = { ...classifier(), optimizer: adam() };
    const update = await compileUpdate(own);
    const state = initialState(own.params, own.optimizer, 0);
    const before = copy(state);
    await expect(update.run(state, feeds, count)).rejects.toThrow(message);
    expect(copy(state)).toEqual(before);
    await update.release();
  });

  it("a state of other sizes", async () => {
    const own = { ...classifier(), optimizer: adam() };
    const update = await compileUpdate(own);
    const state = initialState(own.params, own.optimizer, 0);
    const short = { ...state, slots: [new Float32Array(3), state.slots[1]] };
    await expect(update.run(short, batches(1, 8))).rejects.toThrow(
      /vectors of 131, 3, 131 entries; expected theta and 2 slots of 131 each/,
    );
  });

  it("a loss or a metric that is no scalar, and an input with a name that training needs itself", async () => {
    await expect(compileUpdate({ ...spec, loss: log(x) })).rejects.toThrow(/^grad: received \[N\]; expected a scalar/);
    await expect(compileUpdate({ ...spec, metrics: { each: log(x) } })).rejects.toThrow(
      /^metric "each": received \[N\]; expected a scalar/,
    );
    const taken = add(spec.loss, sum(input("theta", [1])));
    await expect(compileUpdate({ ...spec, loss: taken })).rejects.toThrow(/the input name "theta" is taken/);
  });
});
