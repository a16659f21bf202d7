import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { type Augment, dataset, type Pairs, pairs, rollout } from "../../data/index.ts";
import { driving, trackCamera } from "../../envs/index.ts";
import { driver } from "../../experts/index.ts";
import { box, bytes, type Env } from "../../mdp/index.ts";
import { cnn } from "../../policies/index.ts";
import { behaviorCloning, resume, start, train } from "../index.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const tiny = { convolutions: [{ filters: 4, size: 5, stride: 4 }], hidden: [8], scale: "constant" as const };

/** Pictures of one bright column; the action is its place, from -1 to 1. */
function columns(n: number, height: number, width: number, seed: number): Pairs {
  const random = rng(seed);
  const s = new Uint8Array(n * height * width).map(() => random.next() & 31);
  const a = Float32Array.from({ length: n }, (_, i) => {
    const c = random.integer(width);
    for (let row = 0; row < height; row++) s[(i * height + row) * width + c] = 255;
    return (2 * c) / (width - 1) - 1;
  });
  return pairs(bytes([1, height, width]), box([1], -1, 1), s, a);
}

describe("behavior cloning on pictures", () => {
  const demos = columns(400, 16, 24, 1);
  const policy = cnn({ observation: demos.observationSpace, action: demos.actionSpace }, tiny);

  it("learns what is to be seen in them", async () => {
    const options = { epochs: 40, learningRate: 5e-3, seed: 0 };
    const { policy: learned } = await train(behaviorCloning, { demos, policy }, options);
    const test = columns(200, 16, 24, 2);
    const acted = await learned.act(Float32Array.from(test.observations), { deterministic: true });
    const error = Math.sqrt(Array.from(test.actions).reduce((sum, a, i) => sum + (a - acted[i]) ** 2, 0) / 200);
    expect(error).toBeLessThan(0.15);
  });

  it("with pairs that are changed as they are drawn, stopped and resumed, is the same bit for bit", async () => {
    const augment: Augment = (s, a, random) => {
      const gain = random.uniform(0.5, 1);
      for (let p = 0; p < s.length; p++) s[p] *= gain;
      if (random.float() < 0.5) {
        for (let row = 0; row < 16; row++) s.subarray(24 * row, 24 * row + 24).reverse();
        a[0] *= -1;
      }
    };
    const problem = { demos, policy, augment };
    const options = { epochs: 4, seed: 5 };
    const whole = await train(behaviorCloning, problem, options);
    for (const rounds of [1, 3]) {
      const first = start(behaviorCloning, problem, options);
      const records = [];
      for (let k = 0; k < rounds; k++) records.push(await first.next());
      const second = resume(behaviorCloning, problem, first.checkpoint());
      for await (const record of second) records.push(record);
      expect(records).toEqual(whole.records);
      expect((await second.result()).policy.theta).toEqual(whole.policy.theta);
    }
    const without = await train(behaviorCloning, { demos, policy }, options);
    expect(without.policy.theta).not.toEqual(whole.policy.theta);
  });

  it("needs little more memory than the bytes: no reals but a batch's, training and validation alike", async () => {
    const [n, T, size] = [10, 240, 3 * 66 * 200];
    const random = rng(7);
    const set = dataset({
      observationSpace: bytes([3, 66, 200]),
      actionSpace: box([1], -1, 1),
      observations: new Uint8Array(n * (T + 1) * size).map((_, i) => i),
      actions: Float32Array.from({ length: n * T }, () => random.uniform(-1, 1)),
      rewards: new Float64Array(n * T),
      offsets: Uint32Array.from({ length: n + 1 }, (_, i) => i * T),
      terminated: new Uint8Array(n),
      metadata: {},
    });
    const own = { observation: set.observationSpace, action: set.actionSpace };
    collectGarbage(); // what is freed later would count against what is held then
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const augment: Augment = () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    };
    const window = { filters: 1, size: 9, stride: 9 };
    const model = cnn(own, { convolutions: [window], hidden: [], scale: "constant" });
    const run = start(behaviorCloning, { demos: set, policy: model, augment }, { epochs: 1, batchSize: 16, validation: 0.2 });
    for await (const _ of run);
    expect(most).toBeGreaterThan(16 * size * 4);
    expect(most).toBeLessThan(0.3 * set.observations.byteLength); // as reals they would be four times their bytes
  });
});

describe("on the driving track", () => {
  it("recorded pictures are bytes, and the expert labels them again, at any time and in any order", async () => {
    const env: Env = trackCamera({ maxSteps: 12 });
    const demos = await rollout(env, driver(env), { episodes: 3, seed: 4 });
    expect(demos.observations).toBeInstanceOf(Uint8Array);
    const D = demos.observations.length / (3 * 13);
    const expert = driver(env);
    for (const step of [35, 0, 17]) {
      const row = step + Math.floor(step / 12);
      const label = expert.label(Float32Array.from(demos.observations.subarray(row * D, (row + 1) * D)));
      expect(label[0]).toBe(demos.actions[step]);
    }
    const { interventions, seconds } = driving(env.observation, [{ observations: demos.observations, rewards: demos.rewards }]);
    expect(interventions).toBe(0);
    expect(seconds).toBeCloseTo(3.6, 9);
  });
});
