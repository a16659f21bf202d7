import fc from "fast-check";
import { SingularValueDecomposition } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { compile, createSession, decodeSignature, initialise, param, rng, uniform } from "../autodiff/index.ts";
import { rollout } from "../data/index.ts";
import { cartPole, defineEnv, pendulum } from "../envs/index.ts";
import { balancer } from "../experts/index.ts";
import { box, dict, discrete, multiDiscrete, type StepBatch } from "../mdp/index.ts";
import {
  addAbsorbing,
  cautious,
  encodeAbsorbing,
  encodeSteps,
  loadReward,
  noRewards,
  type RewardForm,
  rewardForms,
  rewardOfLogit,
  type StepNetworkOptions,
  type StepOver,
  shapedNumber,
  spectral,
  spectralNumbers,
  standardise,
  stepEncoding,
  stepNetwork,
  stepReward,
  stepsAbsorbed,
  withReward,
} from "./index.ts";

const overs = ["s", "sa", "sas", "sasd"] as const;

/** N random steps of two spaces. */
function randomSteps(spaces: Parameters<typeof stepEncoding>[0], N: number, seed: number): StepBatch & { absorbing: Uint8Array } {
  const random = rng(seed);
  const world = defineEnv({
    id: "Any-v0",
    observation: spaces.observation,
    action: spaces.action,
    maxSteps: 2,
    reset: () => ({ x: 0 }),
    step: (s) => ({ state: s, reward: 0, terminated: false }),
    observe: () => drawn(),
  });
  const drawn = (): number[] => {
    const { observation } = spaces;
    const parts = observation.kind === "dict" ? Object.values(observation.spaces) : [observation];
    return parts.flatMap((part) => {
      if (part.kind === "discrete") return [random.integer(part.n)];
      if (part.kind === "multi-discrete") return part.ns.map((n) => random.integer(n));
      return Array.from({ length: part.kind === "box" ? part.low.length : 0 }, () => random.normal());
    });
  };
  const { action } = world;
  const s = Float32Array.from(Array.from({ length: N }, drawn).flat());
  const next = Float32Array.from(Array.from({ length: N }, drawn).flat());
  const one = () => {
    if (action.kind === "discrete") return [random.integer(action.n)];
    if (action.kind === "multi-discrete") return action.ns.map((n) => random.integer(n));
    return Array.from(action.low, (low, i) => random.uniform(low, action.high[i]));
  };
  const a = Array.from({ length: N }, one).flat();
  return {
    s,
    next,
    a: action.kind === "box" ? Float32Array.from(a) : Int32Array.from(a),
    terminated: Uint8Array.from({ length: N }, () => random.integer(2)),
    absorbing: Uint8Array.from({ length: N }, () => random.integer(2)),
  };
}

const worlds = [
  { observation: box([3]), action: discrete(4) },
  { observation: dict({ a: box([2]), b: discrete(3), c: multiDiscrete([2, 2]) }), action: box([2], [-1, 0], [1, 4]) },
  { observation: discrete(5), action: multiDiscrete([2, 3]) },
];

describe("a reward network of steps", () => {
  it("says the same as loops in this language, as a compiled expression and as an ONNX file, over all that it may depend on", async () => {
    const cases = worlds.flatMap((spaces, w) => overs.map((over, o) => [spaces, over, w + o] as const));
    for (const [spaces, over, k] of cases) {
      const options: StepNetworkOptions = {
        over,
        hidden: [5, 4],
        activation: (["tanh", "relu", "silu", "none"] as const)[k % 4],
        absorbing: k % 2 === 0,
        spectral: k % 3 === 0,
        members: 1 + (k % 2),
        ...(k % 4 < 2 ? { shaping: 0.9 } : {}),
      };
      const network = stepNetwork(spaces, options);
      const theta = initialise(network.params, rng(k)).map((x, i) => x + 0.3 * Math.sin(i));
      const D = spaces.observation.kind === "dict" ? 5 : spaces.observation.kind === "box" ? 3 : 1;
      const normaliser = { mean: new Float32Array(D).fill(0.25), std: new Float32Array(D).fill(2) };
      const part = k % 3 === 1 ? "f" : "g";
      const form: RewardForm = rewardForms[k % 4];
      const reward = stepReward(network, theta, { part, form, doubt: 0.5, gamma: 0.9, normaliser });
      const N = 6;
      const steps = { ...randomSteps(spaces, N, k), terminated: new Uint8Array(N), absorbing: new Uint8Array(N) };
      const plain = reward(steps);

      const bytes = reward.toOnnx({ env: "Any-v0" });
      const session = await createSession(bytes);
      const wide = spaces.action.kind === "discrete" ? [N] : [N, 2];
      const feeds = {
        s: { data: steps.s, dims: [N, D] },
        a: { data: steps.a as Float32Array, dims: wide },
        next: { data: steps.next, dims: [N, D] },
        terminated: { data: Float32Array.from(steps.terminated), dims: [N] },
        absorbing: { data: new Float32Array(N), dims: [N] },
      };
      const asks = decodeSignature(bytes).inputs.map(({ name }) => name);
      const out = await session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => asks.includes(name))));
      plain.forEach((value, i) => {
        expect(Math.abs(value - (out.reward.data as Float32Array)[i])).toBeLessThan(1e-4);
      });

      const loaded = loadReward(bytes);
      expect(loaded.about).toEqual({ env: "Any-v0" });
      expect([...loaded({ ...steps, terminated: Uint8Array.of(0, 1, 0, 1, 1, 0) })]).toEqual([
        ...reward({ ...steps, terminated: Uint8Array.of(0, 1, 0, 1, 1, 0) }),
      ]);
      await session.release();
    }
  });

  it("over a state alone doesn't see the action, over state and action not where it leads", () => {
    for (const over of overs) {
      const [spaces] = worlds;
      const network = stepNetwork(spaces, { over });
      const reward = stepReward(network, initialise(network.params, rng(1)));
      const { absorbing: _none, ...steps } = randomSteps(spaces, 8, 3);
      const was = [...reward(steps)];
      const changed = (name: "a" | "next" | "terminated") => {
        const values = steps[name].slice();
        for (let k = 0; k < values.length; k++)
          values[k] = name === "next" ? values[k] + 1 : name === "a" ? (values[k] + 1) % 4 : 1 - values[k];
        return JSON.stringify([...reward({ ...steps, [name]: values })]) !== JSON.stringify(was);
      };
      expect([changed("a"), changed("next"), changed("terminated")]).toEqual([
        over !== "s",
        over.startsWith("sas"),
        over === "sasd",
      ]);
    }
  });

  it("begun at random doesn't depend on a bad option: each is refused", () => {
    expect(() => stepNetwork(worlds[0], { over: "as" as StepOver })).toThrow(/over "s", "sa", "sas" or "sasd", found "as"/);
    expect(() => stepNetwork(worlds[0], { shaping: 2 })).toThrow(/discount of a potential, from 0 to 1, found 2/);
    expect(() => stepNetwork(worlds[0], { members: 0 })).toThrow(/found 0/);
    expect(() => loadReward(Uint8Array.of(1, 2))).toThrow(/not an ONNX model/);
  });
});

describe("potential shaping", () => {
  it("leaves the order of policies as it is: an episode's sum of f is that of g, less h of its first state", () => {
    const numbers = fc.double({ min: -5, max: 5, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(numbers, numbers), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (path, gamma) => {
          let [f, g] = [0, 0];
          path.forEach(([own, h], t) => {
            const ended = t === path.length - 1 ? 1 : 0;
            f += gamma ** t * shapedNumber({ g: own, h, next: ended ? 99 : path[t + 1][1], ended }, gamma);
            g += gamma ** t * own;
          });
          expect(f).toBeCloseTo(g - path[0][1], 9);
        },
      ),
      { seed: 1 },
    );
  });
});

describe("a discriminator's logit as a reward", () => {
  it("is what the formulas say of D, on both sides, also where D is 0 or 1 in single precision", () => {
    for (const l of [-3, -0.5, 0, 1, 4]) {
      const D = 1 / (1 + Math.exp(-l));
      expect(rewardOfLogit("positive", l)).toBeCloseTo(-Math.log(1 - D), 10);
      expect(rewardOfLogit("negative", l)).toBeCloseTo(Math.log(D), 10);
      expect(rewardOfLogit("both", l)).toBeCloseTo(Math.log(D) - Math.log(1 - D), 10);
      expect(rewardOfLogit("forward-kl", l)).toBeCloseTo(-l * Math.exp(l), 8);
    }
    for (const form of rewardForms) for (const l of [-1e4, 1e4]) expect(rewardOfLogit(form, l)).toSatisfy(Number.isFinite);
  });
});

describe("the absorbing state", () => {
  it("is worth γ / (1 − γ) of its reward, as an endless stay in it is", () => {
    const rewards = Float64Array.of(1, 2, 3);
    addAbsorbing(rewards, Uint8Array.of(0, 1, 0), -0.5, 0.9);
    let stay = 0;
    for (let k = 1; k < 2000; k++) stay += 0.9 ** k * -0.5;
    expect(rewards[0]).toBe(1);
    expect(rewards[1]).toBeCloseTo(2 + stay, 9);
    expect(() => addAbsorbing(rewards, Uint8Array.of(0, 1, 0), 1, 1)).toThrow(/needs gamma < 1, found 1/);
    expect([stepsAbsorbed(20, { gamma: 0.99, maxSteps: 500 }), stepsAbsorbed(20, { gamma: 0.99, maxSteps: Infinity })]).toEqual([
      480, 100,
    ]);
  });

  it("is one indicator, with all else 0: a step that ends leads there, a step inside stays", () => {
    const encoding = stepEncoding(worlds[0], "sasd", { absorbing: true });
    const steps = {
      s: Float32Array.of(1, 2, 3),
      a: Int32Array.of(2),
      next: Float32Array.of(4, 5, 6),
      terminated: Uint8Array.of(1),
    };
    const x = new Float32Array(2 * encoding.width).fill(7);
    encodeSteps(encoding, steps, undefined, x);
    encodeAbsorbing(encoding, x, 1);
    expect([...x]).toEqual([1, 2, 3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect(() => encodeAbsorbing(stepEncoding(worlds[0], "sa"), x, 0)).toThrow(/no absorbing state/);
  });
});

describe("spectral normalisation", () => {
  it("leaves a layer whose largest singular value is 1, in the expression and on numbers", async () => {
    for (const [rows, columns] of [
      [4, 7],
      [9, 3],
      [6, 6],
      [5, 1],
    ]) {
      const W = param([rows, columns], uniform(2));
      const params = { W };
      const theta = initialise(params, rng(rows));
      const program = await compile({ outputs: { normed: spectral(W) }, params });
      const found = (await program.run({ theta })).normed as Float32Array;
      const numbers = spectralNumbers(theta, rows);
      found.forEach((value, i) => {
        expect(Math.abs(value - numbers[i])).toBeLessThan(1e-5);
      });
      const matrix = Array.from({ length: rows }, (_, i) => [...found.subarray(i * columns, (i + 1) * columns)]);
      const [largest] = new SingularValueDecomposition(matrix as never).diagonal;
      expect(largest).toBeGreaterThan(0.999);
      expect(largest).toBeLessThan(1.05);
    }
  });
});

describe("an ensemble", () => {
  it("is its members' mean, less β times what they differ by", () => {
    expect([
      ...cautious(
        [
          [1, 2],
          [3, 2],
        ],
        0,
      ),
    ]).toEqual([2, 2]);
    expect([
      ...cautious(
        [
          [1, 2],
          [3, 2],
        ],
        0.5,
      ),
    ]).toEqual([1.5, 2]);
    expect(() => cautious([], 0)).toThrow(/at least one member/);
  });
});

describe("rewards brought to scale as they come", () => {
  it("have mean 0 and deviation 1 over all that came", () => {
    const random = rng(2);
    const moments = noRewards();
    for (let round = 0; round < 50; round++)
      standardise(
        moments,
        Float64Array.from({ length: 100 }, () => 5 + 3 * random.normal()),
      );
    const last = Float64Array.from({ length: 20_000 }, () => 5 + 3 * random.normal());
    standardise(moments, last);
    const mean = last.reduce((sum, x) => sum + x, 0) / last.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(last.reduce((sum, x) => sum + (x - mean) ** 2, 0) / last.length - 1)).toBeLessThan(0.05);
  });
});

describe("a world with another reward", () => {
  it("pays r(s, a, s') of the very steps that are made, across the ends of episodes, and goes on from its state", async () => {
    const env = cartPole();
    const told: StepBatch[] = [];
    const paid = withReward(env, (steps) => {
      told.push({
        s: steps.s.slice(),
        a: steps.a.slice() as Int32Array,
        next: steps.next.slice(),
        terminated: steps.terminated.slice(),
      });
      return Float64Array.from(steps.terminated, (end, i) => steps.next[4 * i] - steps.s[4 * i] - end);
    });
    for (const autoreset of ["same-step", "next-step"] as const) {
      const [ours, theirs] = [paid.vector(3, { autoreset }), env.vector(3, { autoreset })];
      let before = theirs.reset(4).slice();
      ours.reset(4);
      let waits = new Uint8Array(3);
      for (let t = 0; t < 60; t++) {
        if (t === 30) ours.restore(ours.state());
        const a = Int32Array.of(t % 2, 1, 0);
        const [mine, its] = [ours.step(a), theirs.step(a)];
        expect(mine.observations).toEqual(its.observations);
        for (let i = 0; i < 3; i++) {
          const expected = waits[i] === 1 ? 0 : Math.fround(its.finalObservations[4 * i]) - before[4 * i] - its.terminated[i];
          expect(mine.rewards[i]).toBeCloseTo(expected, 12);
        }
        waits =
          autoreset === "next-step"
            ? Uint8Array.from(its.terminated, (end, i) => (waits[i] ? 0 : end | its.truncated[i]))
            : waits;
        before = its.observations.slice();
      }
    }
    const demos = await rollout(paid, balancer(), { episodes: 1, seed: 1 });
    expect(demos.rewards[0]).toBeCloseTo(demos.observations[4] - demos.observations[0], 12);
  });

  it("refuses a reward that answers later, or not for each copy, or not with a number", () => {
    const env = pendulum();
    const step = (reward: Parameters<typeof withReward>[1]) => {
      const world = withReward(env, reward).vector(2);
      world.reset(1);
      return () => world.step(new Float32Array(2));
    };
    expect(step(async () => [0, 0])).toThrow(/the reward answers later/);
    expect(step(() => [0])).toThrow(/gave 1 numbers for 2 copies/);
    expect(step(() => [0, Number.NaN])).toThrow(/reward of copy 1 is NaN/);
  });

  it("asks only for a world of what it was learned on, saved and loaded too: its actions count where it hangs on them", () => {
    const made = (over: StepOver) => {
      const network = stepNetwork(pendulum(), { over, hidden: [4] });
      return loadReward(stepReward(network, initialise(network.params, rng(1))).toOnnx());
    };
    expect(() => withReward(cartPole(), made("sa"))).toThrow(
      "the reward reads box[3] and box[1], CartPole-v1 has box[4] and discrete(2)",
    );
    expect(() => withReward(cartPole(), made("s"))).toThrow("the reward reads box[3], CartPole-v1 has box[4]");
    const turned = { ...pendulum(), id: "Switched-v0", action: discrete(2) };
    expect(() => withReward(turned, made("sas"))).toThrow("reads box[3] and box[1], Switched-v0 has box[3] and discrete(2)");
    expect(withReward(turned, made("s")).id).toBe("Switched-v0");
    expect(withReward(pendulum(), made("sasd")).id).toBe("Pendulum-v1");
  });
});
