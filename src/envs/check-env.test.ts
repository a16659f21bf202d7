import { describe, expect, it } from "vitest";
import { box, discrete } from "../mdp/space.ts";
import { checkEnv } from "./check-env.ts";
import { type Definition, defineEnv } from "./define.ts";
import { environments, makeEnv } from "./registry.ts";

interface Walk {
  x: number;
  path: number[];
}

const walk: Definition<Walk, ReturnType<typeof discrete>> = {
  id: "Walk-v0",
  observation: box([2], -9, 9),
  action: discrete(2),
  maxSteps: 20,
  reset: (rng) => ({ x: rng.uniform(-1, 1), path: [0] }),
  step: (s, a, rng) => {
    const x = s.x + (2 * a - 1) * rng.uniform(0, 0.3);
    return { state: { x, path: [...s.path, x].slice(-3) }, reward: -Math.abs(x), terminated: Math.abs(x) > 2 };
  },
  observe: (s) => [s.x, s.path[0]],
};
const found = (change: Partial<typeof walk>) => checkEnv(defineEnv({ ...walk, ...change }));

describe("a world is checked by playing it", () => {
  it("and nothing is found where it is sound, such as in those that come with the library", () => {
    expect(found({})).toEqual([]);
    for (const id of ["CartPole-v1", "Acrobot-v1", "MountainCarContinuous-v0", "Pendulum-v1", "FrozenLake-v1"]) {
      expect(Object.keys(environments)).toContain(id);
      expect(checkEnv(makeEnv(id), { steps: 50 })).toEqual([]);
    }
  });

  it("a state that copies share and change", () => {
    const path = [0, 0];
    const shared = found({
      reset: (rng) => {
        path.fill(0);
        return { x: rng.uniform(-1, 1), path };
      },
      step: (s, a) => {
        s.path[a] += 0.1;
        return { state: s, reward: s.path[0], terminated: false };
      },
      observe: (s) => s.path,
    });
    expect(shared.some((line) => /^Walk-v0: step 0: .* when two copies play beside it; copies must not share/.test(line))).toBe(
      true,
    );
    expect(shared).toContain("Walk-v0: step 0: step changes the state that it is given; return a new one");
  });

  it("draws that don't come from the seed", () => {
    let calls = 0;
    const luck = () => Math.sin(++calls); // as the platform's own generator: another number at each call
    const [line] = found({ reset: () => ({ x: luck(), path: [0] }) });
    expect(line).toMatch(
      /^Walk-v0: the first observation is another \(.*\) when it is played again from the same seed; draw from/,
    );
    const lines = found({ step: (s) => ({ state: { ...s, x: luck() }, reward: 0, terminated: false }) });
    expect(lines[0]).toMatch(/^Walk-v0: step 0: the observation is another .* played again from the same seed/);
    expect(lines[1]).toMatch(
      /^Walk-v0: step 0: the observation is another .* when the same action is taken again in the same state/,
    );
  });

  it("observations outside of their space, and what is no number", () => {
    expect(found({ observation: box([2], -0.01, 0.01) })[0]).toMatch(
      /^Walk-v0: the first observation is outside of its space: entry 0/,
    );
    const late = (s: Walk) => [s.path.length === 3 ? 10 : 0, 0];
    expect(found({ observe: late })).toEqual([
      "Walk-v0: step 1: the observation is outside of its space: entry 0 is 10, expected -9 to 9",
    ]);
    expect(found({ step: (s) => ({ state: s, reward: Number.NaN, terminated: false }) })).toEqual([
      "Walk-v0: step gave reward NaN, expected a finite number",
    ]);
    expect(found({ step: (s) => ({ state: s, reward: 0, terminated: "no" as never }) })[0]).toMatch(/step gave terminated "no"/);
  });

  it("a state that is no longer plain after a step, and one that observe changes", () => {
    const dated = found({ step: (s) => ({ state: { ...s, d: new Date(0) } as Walk, reward: 0, terminated: false }) });
    expect(dated[0]).toMatch(/^Walk-v0: the state of copy 0\.d is a Date, expected numbers/);
    const looked = found({ observe: (s) => [s.x, s.path.push(0) > 100 ? 1 : 0] });
    expect(looked).toContain("Walk-v0: step 0: observe changes the state; it may only look at it");
  });

  it("what a step depends on beside its state", () => {
    let hidden = 0;
    const counted = found({ step: (s) => ({ state: s, reward: hidden++ % 7, terminated: false }) });
    expect(counted.some((line) => line.includes("when the same action is taken again in the same state"))).toBe(true);
  });
});
