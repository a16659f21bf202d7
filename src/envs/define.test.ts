import { describe, expect, it } from "vitest";
import { decodeTree, encodeTree } from "../data/index.ts";
import { box, discrete, multiDiscrete } from "../mdp/space.ts";
import { defineEnv } from "./define.ts";

const lighthouse = defineEnv({
  id: "lighthouse",
  observation: box([2]),
  action: discrete(3),
  maxSteps: 200,
  reset: (rng) => ({ x: rng.uniform(-1, 1), v: 0 }),
  step: (s, a) => {
    const v = s.v + 0.1 * (a - 1);
    const x = s.x + v;
    return { state: { x, v }, reward: -Math.abs(x), terminated: Math.abs(x) > 3 };
  },
  observe: (s) => [s.x, s.v],
});

describe("a world defined by pure functions", () => {
  it("follows its own equations", () => {
    const copies = lighthouse.vector(2);
    const [x0, , x1] = copies.reset(3);
    const { observations, rewards } = copies.step(Int32Array.of(2, 0));
    expect([...observations]).toEqual([Math.fround(Math.fround(x0) + 0.1), 0.1, x1 - 0.1, -0.1].map((v) => expect.closeTo(v, 6)));
    expect([...rewards]).toEqual([-Math.abs(x0 + 0.1), -Math.abs(x1 - 0.1)].map((v) => expect.closeTo(v, 6)));
  });

  it("meets a discrete action as a number, and several at once or real ones as an array", () => {
    const met: unknown[] = [];
    const parts = { observation: box([1]), reset: () => 0, observe: (s: number) => s };
    const step = (_: number, a: unknown) => {
      met.push(a);
      return { state: 0, reward: 0, terminated: false };
    };
    const chosen = { discrete: discrete(4), several: multiDiscrete([3, 4]), real: box([2], -1, 1) };
    for (const [id, action] of Object.entries(chosen)) {
      const copy = defineEnv({ id, action, step, ...parts }).vector(1);
      copy.reset(0);
      copy.step(id === "discrete" ? Int32Array.of(3) : id === "several" ? Int32Array.of(2, 3) : Float32Array.of(0.5, -1));
    }
    expect(met).toEqual([3, [2, 3], [0.5, -1]]);
  });

  it("gives every copy a generator of its own for its steps, and draws the same again after a restore", () => {
    const noise = defineEnv({
      id: "noise",
      observation: box([1]),
      action: discrete(1),
      reset: (rng) => ({ path: Float64Array.of(rng.normal()) }),
      step: (s, _, rng) => ({
        state: { path: Float64Array.of(s.path[0] + rng.normal()) },
        reward: 0,
        terminated: rng.float() < 0.1,
      }),
      observe: (s) => s.path,
    });
    const copies = noise.vector(5);
    copies.reset(11);
    const walk = () => Array.from({ length: 30 }, () => [...copies.step(new Int32Array(5)).observations]);
    walk();
    const saved = copies.state();
    const first = walk();
    copies.restore(saved);
    expect(walk()).toEqual(first);
    expect(new Set(first[0]).size).toBe(5);
    const fresh = noise.vector(5);
    fresh.restore(saved);
    expect([...fresh.step(new Int32Array(5)).observations]).toEqual(first[0]);
  });

  it("is not changed by what a saved state goes through", () => {
    const list = defineEnv({
      id: "list",
      observation: discrete(100),
      action: discrete(2),
      reset: () => ({ seen: [0], names: { last: "none" } }),
      step: (s, a) => ({ state: { seen: [...s.seen, a], names: { last: `${a}` } }, reward: a, terminated: false }),
      observe: (s) => s.seen.length,
    });
    const copy = list.vector(1);
    copy.reset(0);
    copy.step(Int32Array.of(1));
    const saved = copy.state() as { world: { seen: number[] }[] };
    saved.world[0].seen.push(1, 1, 1);
    expect(copy.step(Int32Array.of(0)).observations[0]).toBe(3);
    expect(copy.restore(saved as never)[0]).toBe(5);
    saved.world[0].seen.length = 0;
    expect(copy.step(Int32Array.of(0)).observations[0]).toBe(6);
  });

  it("says what is wrong with a world in one line", () => {
    const walk = { id: "walk", observation: box([2]), action: discrete(2), reset: () => 0, observe: () => [0, 0] };
    const step = () => ({ state: 0, reward: 0, terminated: false });
    const wrong = (change: object) => () => {
      const copies = defineEnv({ ...walk, step, ...change }).vector(1);
      copies.reset(0);
      copies.step(Int32Array.of(0));
    };
    expect(wrong({})).not.toThrow();
    expect(wrong({ observe: () => [1] })).toThrow("walk: observe gave 1 numbers, expected 2 for box[2]");
    expect(wrong({ observe: () => [1, Number.NaN] })).toThrow("walk: observe gave NaN at entry 1, expected a finite number");
    expect(wrong({ step: () => ({ state: 0, reward: 0 / 0, terminated: false }) })).toThrow("walk: step gave reward NaN");
    const next = (change: object) => wrong({ step: () => ({ state: 0, reward: 0, terminated: false, ...change }) });
    expect(next({ terminated: "false" })).toThrow('walk: step gave terminated "false", expected true or false');
    expect(next({ terminated: undefined, done: true })).toThrow("walk: step gave terminated undefined, expected true or false");
    expect(next({ terminated: 1 })).toThrow("walk: step gave terminated 1, expected true or false");
    expect(wrong({ step: () => {} })).toThrow("walk: step gave undefined, expected { state, reward, terminated }");
    expect(wrong({ step: async () => step() })).toThrow("walk: step gave a Promise, expected { state, reward, terminated }");
    expect(wrong({ reset: () => ({ a: [new Map()] }) })).toThrow("walk: the state.a[0] is a Map, expected numbers");
    expect(wrong({ maxSteps: 0 })).toThrow("walk: maxSteps is 0");
    expect(wrong({ observe: () => undefined })).toThrow("walk: observe gave undefined, expected 2 numbers for box[2]");
    expect(() => box(2 as never)).toThrow("box(shape) takes a list of sides, found 2; box([2]) has two entries");
    expect(() => multiDiscrete(2 as never)).toThrow("multiDiscrete(ns) takes a list of numbers of choices, found 2");
  });

  it("has a state of any plain type: an interface, or one with parts that may be missing", () => {
    interface Ball {
      x: number;
      inner: { y: number };
      best?: number | undefined;
      kind: "round" | "square";
    }
    const ball = defineEnv({
      id: "ball",
      observation: box([2]),
      action: discrete(2),
      reset: (): Ball => ({ x: 0, inner: { y: 1 }, best: undefined, kind: "round" }),
      step: (s, a) => ({ state: { ...s, x: s.x + a, best: s.x }, reward: s.best ?? -1, terminated: s.kind === "square" }),
      observe: (s) => [s.x, s.inner.y],
    });
    const copy = ball.vector(1);
    copy.reset(0);
    const saved = decodeTree(encodeTree(copy.state()));
    expect(copy.step(Int32Array.of(1)).rewards[0]).toBe(-1);
    const later = copy.state();
    expect(copy.step(Int32Array.of(1)).rewards[0]).toBe(0);
    copy.restore(saved);
    expect(copy.step(Int32Array.of(1)).rewards[0]).toBe(-1);
    expect(copy.state()).toEqual(later);
    const strange = {
      ...{
        id: "strange",
        observation: box([1]),
        action: discrete(2),
        reset: () => ({ x: 0 }),
        observe: (s: { x: number }) => s.x,
      },
      step: () => ({ state: { y: 0 }, reward: 0, terminated: false }),
    };
    // @ts-expect-error a state that step leads to is of the type that reset gives
    defineEnv(strange);
  });

  it("draws its observation in figures unless it has a picture of its own", () => {
    const copy = lighthouse.vector(1);
    copy.reset(3);
    expect(copy.draw(0)).toContain("<title>lighthouse: ");
    const drawn = { id: "d", observation: box([1]), action: discrete(1), reset: () => 7, observe: (s: number) => s };
    const step = () => ({ state: 0, reward: 0, terminated: false });
    const pictured = defineEnv({ ...drawn, step, draw: (s) => `<svg>${s}</svg>` }).vector(1);
    pictured.reset(0);
    expect(pictured.draw(0)).toBe("<svg>7</svg>");
  });
});
