import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { box, discrete, multiDiscrete } from "../mdp/space.ts";
import type { Trajectory } from "../mdp/trajectory.ts";
import {
  count,
  type Dataset,
  dataset,
  fitsEnv,
  fromTrajectories,
  lengths,
  returns,
  toTrajectories,
  trajectoryAt,
} from "./dataset.ts";

fc.configureGlobal({ seed: 20 });

const observation = box([2]);
const action = discrete(3);

/** A trajectory of T steps whose numbers tell where they come from: 100 i + t. */
function numbered(i: number, T: number, terminated = i % 2 === 0): Trajectory {
  return {
    observations: Float32Array.from({ length: (T + 1) * 2 }, (_, k) => 100 * i + Math.floor(k / 2) + (k % 2) / 2),
    actions: Int32Array.from({ length: T }, (_, t) => (i + t) % 3),
    rewards: Float64Array.from({ length: T }, (_, t) => i + t / 10),
    terminated,
  };
}

const three = () => fromTrajectories(observation, action, [numbered(0, 3), numbered(1, 1), numbered(2, 4)], { env: "Test-v0" });

describe("a data set", () => {
  it("gives back the trajectories it was made from", () => {
    const trajectories = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(trajectories, (lengthsT) => {
        const taus = lengthsT.map((T, i) => numbered(i, T));
        expect(toTrajectories(fromTrajectories(observation, action, taus))).toEqual(taus);
      }),
    );
  });

  it("shows a trajectory without copying it", () => {
    const data = three();
    const tau = trajectoryAt(data, 2);
    expect(tau.observations.buffer).toBe(data.observations.buffer);
    expect(tau.actions.buffer).toBe(data.actions.buffer);
    expect(Array.from(tau.observations.subarray(0, 2))).toEqual([200, 200.5]);
    expect(() => trajectoryAt(data, 3)).toThrow("trajectory 3 does not exist, the data set has 0 to 2");
  });

  it("knows its lengths and its returns, discounted or not", () => {
    const data = three();
    expect(count(data)).toBe(3);
    expect(Array.from(lengths(data))).toEqual([3, 1, 4]);
    expect(returns(data)[0]).toBeCloseTo(0.3, 12);
    expect(returns(data)[2]).toBeCloseTo(8.6, 12);
    expect(returns(data, 0.5)[2]).toBeCloseTo(2 + 2.1 / 2 + 2.2 / 4 + 2.3 / 8, 12);
  });

  it("keeps pictures as bytes", () => {
    const space = box([2], 0, 255);
    const tau = { ...numbered(0, 2), observations: Uint8Array.of(0, 255, 3, 4, 5, 6) };
    const data = fromTrajectories(space, action, [tau]);
    expect(data.observations).toBeInstanceOf(Uint8Array);
    expect(Array.from(toTrajectories(data)[0].observations)).toEqual([0, 255, 3, 4, 5, 6]);
  });

  const broken = (change: Partial<Dataset>) => () => dataset({ ...three(), ...change });
  const put = <A extends Float32Array | Float64Array | Int32Array>(column: A, at: number, value: number) => {
    column[at] = value;
    return column;
  };

  it("names the trajectory and the step of a number that is not finite", () => {
    const { observations, rewards } = three();
    // rows: trajectory 0 has 0..3, trajectory 1 has 4 and 5, trajectory 2 begins at 6
    expect(broken({ observations: put(observations as Float32Array, 2 * 5 + 1, Number.NaN) })).toThrow(
      "trajectory 1, step 1: the observation does not fit box[2]: entry 1 is NaN, expected a finite number",
    );
    expect(broken({ rewards: put(rewards, 4, -Infinity) })).toThrow(
      "trajectory 2, step 0: the reward is -Infinity, expected a finite number",
    );
  });

  it("names the trajectory and the step of an action outside its space", () => {
    expect(broken({ actions: put(three().actions, 7, 3) })).toThrow(
      "trajectory 2, step 3: the action does not fit discrete(3): choice is 3, expected a whole number from 0 to 2",
    );
    expect(() =>
      fromTrajectories(observation, action, [numbered(0, 2), { ...numbered(1, 1), actions: Float64Array.of(0.5) }]),
    ).toThrow("trajectory 1: action 0 does not fit discrete(3): choice is 0.5");
    const torque = box([1], -2, 2);
    expect(() => fromTrajectories(observation, torque, [{ ...numbered(0, 1), actions: Float32Array.of(2.5) }])).toThrow(
      "trajectory 0: action 0 does not fit box[1]: entry 0 is 2.5, expected -2 to 2",
    );
  });

  it("names the trajectory and the step of an observation outside a discrete space", () => {
    const tau = {
      observations: Float32Array.of(0, 16),
      actions: Int32Array.of(0),
      rewards: Float64Array.of(0),
      terminated: true,
    };
    expect(() => fromTrajectories(discrete(16), action, [tau])).toThrow(
      "trajectory 0, step 1: the observation does not fit discrete(16): choice is 16, expected a whole number from 0 to 15",
    );
  });

  it("has columns as long as its trajectories say", () => {
    expect(broken({ rewards: new Float64Array(7) })).toThrow("have 8 numbers of rewards, found 7");
    expect(broken({ actions: new Int32Array(9) })).toThrow("have 8 numbers of actions (8 x discrete(3)), found 9");
    expect(broken({ observations: new Float32Array(20) })).toThrow(
      "have 22 numbers of observations (8 + 3 rows of box[2]), found 20",
    );
    expect(broken({ offsets: Uint32Array.of(0, 3, 3, 8) })).toThrow(
      "trajectory 1 goes from step 3 to 3, expected at least one action",
    );
    expect(broken({ offsets: Uint32Array.of(0, 3, 8) })).toThrow("3 trajectories have 4 offsets, found 3");
    expect(broken({ actions: new Float32Array(8) })).toThrow("actions of discrete(3) stand in Int32Array, found Float32Array");
    expect(() => fromTrajectories(observation, action, [])).toThrow("at least one trajectory, found none");
  });
});

describe("demonstrations for an environment", () => {
  const env = { id: "Test-v0", observation: box([2], -1000, 1000), action: discrete(3) };

  it("take over its spaces when they fit", () => {
    expect(fitsEnv(three(), env).observationSpace).toBe(env.observation);
    const fewer = fromTrajectories(box([2]), discrete(2), [{ ...numbered(0, 1), actions: Int32Array.of(1) }]);
    expect(fitsEnv(fewer, env).actionSpace).toBe(env.action);
  });

  it("say what was found, what was expected and what to do when they don't", () => {
    const found = (change: object) => () => fitsEnv(three(), { ...env, ...change });
    expect(found({ observation: box([4]) })).toThrow(
      "the demonstrations have observations box[2], Test-v0 expects box[4]: record demonstrations in Test-v0, or name the environment that these come from",
    );
    expect(found({ id: "Other-v1", observation: discrete(5) })).toThrow(
      "the demonstrations of Test-v0 have observations box[2], Other-v1",
    );
    expect(found({ action: box([1]) })).toThrow("have actions discrete(3), Test-v0 expects box[1]");
    expect(found({ action: multiDiscrete([3]) })).toThrow("expects multi-discrete(3)");
    expect(found({ action: discrete(2) })).toThrow(
      "do not fit Test-v0: trajectory 0, step 2: the action does not fit discrete(2): choice is 2, expected a whole number from 0 to 1",
    );
  });
});
