import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { cartPole } from "../envs/classic/cartpole.ts";
import { box, discrete } from "../mdp/space.ts";
import { numericArray } from "./codecs/arrays.ts";
import { decodeDataset, encodeNpz } from "./codecs/index.ts";
import { utf8 } from "./codecs/text.ts";
import { fromTrajectories, lengths } from "./dataset.ts";
import { fromSteps, type Step } from "./steps.ts";

const [seen, choice] = [box([2]), discrete(3)];
const step = (x: number, rest: Partial<Step> = {}): Step => ({ observation: [x, -x], action: x % 3, reward: 10 * x, ...rest });

describe("steps one after the other", () => {
  it("are the trajectories that they end, and the last observation is what the last step led to", () => {
    const data = fromSteps(seen, choice, [
      step(0),
      step(1, { terminated: true, nextObservation: [7, 8] }),
      step(2),
      step(3, { truncated: true, nextObservation: Float32Array.of(9, 9) }),
    ]);
    const expected = fromTrajectories(seen, choice, [
      {
        observations: Float32Array.of(0, -0, 1, -1, 7, 8),
        actions: Int32Array.of(0, 1),
        rewards: Float64Array.of(0, 10),
        terminated: true,
      },
      {
        observations: Float32Array.of(2, -2, 3, -3, 9, 9),
        actions: Int32Array.of(2, 0),
        rewards: Float64Array.of(20, 30),
        terminated: false,
      },
    ]);
    expect(data).toEqual(expected);
  });

  it("lose the last action where what came of it is not known, unless the world ended there", () => {
    const data = fromSteps(seen, choice, [step(0), step(1, { terminated: true }), step(2), step(3), step(4)]);
    expect([Array.from(lengths(data)), Array.from(data.terminated)]).toEqual([
      [2, 2],
      [1, 0],
    ]);
    expect(Array.from(data.observations.subarray(4))).toEqual([1, -1, 2, -2, 3, -3, 4, -4]);
    expect(() => fromSteps(seen, choice, [step(0), step(1, { terminated: true }), step(2)])).toThrow(
      "trajectory 1 was cut after its only step 2, and what it led to is not known; give nextObservation, or leave it out",
    );
  });

  it("are named where something is wrong with them", () => {
    const end = step(5, { terminated: true });
    expect(() => fromSteps(seen, choice, [step(0), step(1, { observation: [1] }), end])).toThrow(
      "step 1: the observation has 1 numbers, expected 2",
    );
    expect(() => fromSteps(seen, choice, [end, step(1), step(2, { reward: undefined }), end])).toThrow("step 2: has no reward");
    expect(() => fromSteps(seen, choice, [step(0, { action: 4 }), end])).toThrow(
      "trajectory 0: action 0 does not fit discrete(3)",
    );
    expect(() => fromSteps(seen, choice, [])).toThrow("at least one trajectory");
  });

  it.each([
    ['{"obs":[0,0,0,0],"action":0,"reward":1,"done":false}', '{"obs":[1,0,0,0],"action":1,"reward":2,"done":true}'],
    [
      '{"observation":[0,0,0,0],"act":[0],"rew":1}',
      '{"observation":[1,0,0,0],"act":[1],"rew":2,"terminated":true,"truncated":false}',
    ],
    ['{"obs":[0,0,0,0],"action":0,"reward":1,"done":0}', '{"obs":[1,0,0,0],"action":1,"reward":2,"done":1,"next_obs":[1,0,0,0]}'],
  ])("are read from lines of JSON: %s", (first, second) => {
    expect(decodeDataset("d.jsonl", utf8(`${first}\n${second}\n`), cartPole())).toEqual(
      fromTrajectories(cartPole().observation, discrete(2), [
        {
          observations: Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0),
          actions: Int32Array.of(0, 1),
          rewards: Float64Array.of(1, 2),
          terminated: true,
        },
      ]),
    );
  });

  it("are read as docs/data.md has them, and so are the trajectories there", () => {
    const page = readFileSync(new URL("../../docs/data.md", import.meta.url), "utf8");
    const [trajectory, header, steps] = [...page.matchAll(/```json\n([^`]*)```/g)].map(([, lines]) => lines);
    const [whole, logged] = [trajectory, steps].map((lines) => decodeDataset("d.jsonl", utf8(header + lines)));
    expect(whole).toEqual(logged);
    expect(Array.from(whole.rewards)).toEqual([1, 1]);
  });

  it("name the line of what is wrong", () => {
    const read =
      (...list: string[]) =>
      () =>
        decodeDataset("d.jsonl", utf8(list.join("\n")), cartPole());
    const good = '{"obs":[0,0,0,0],"action":0,"done":true}';
    expect(read(good, '{"obs":[0,0,0],"action":0}')).toThrow("d.jsonl: line 2: observations have 3 numbers in row 0, expected 4");
    expect(read(good, '{"obs":[0,0,0,0]}')).toThrow("line 2: the action is missing; docs/data.md has the layouts");
    expect(read('{"obs":[0,0,0,0],"action":0,"done":"no"}')).toThrow('line 1: terminated is "no", expected true or false');
    expect(read(good, '{"observations":[[0,0,0,0]]}')).toThrow("line 2 is no step, as those before it are");
    expect(read(good, good.replace("0,", "0,").replace('"action":0', '"action":5'))).toThrow(
      "line 2: trajectory 1: action 0 does not",
    );
  });

  it("are read from archives with the names of d3rlpy and D4RL, with and without rewards", () => {
    const float = (shape: number[], values: number[]) => numericArray("float32", shape, Float32Array.from(values));
    const arrays = {
      observations: float([4, 2], [0, -0, 1, -1, 2, -2, 3, -3]),
      actions: numericArray("int64", [4, 1], BigInt64Array.of(0n, 1n, 2n, 0n)),
      rewards: float([4, 1], [0, 10, 20, 30]),
      terminals: float([4], [0, 1, 0, 0]),
    };
    const archive = (change: object = {}) => {
      const all = Object.entries({ ...arrays, ...change }).filter(([, array]) => array !== undefined);
      return encodeNpz(new Map(all as [string, ReturnType<typeof float>][]));
    };
    const expected = fromSteps(seen, choice, [step(0), step(1, { terminated: true }), step(2), step(3)]);
    expect(decodeDataset("d.npz", archive())).toEqual(expected);
    const cut = archive({ timeouts: float([4], [0, 0, 0, 1]), next_observations: float([4, 2], [1, 1, 2, 2, 3, 3, 4, 4]) });
    expect(Array.from(lengths(decodeDataset("d.npz", cut)))).toEqual([2, 2]);
    expect(decodeDataset("d.npz", archive({ rewards: undefined })).rewards.every(Number.isNaN)).toBe(true);
    expect(() => decodeDataset("d.npz", archive({ terminals: undefined }))).toThrow(
      "d.npz: the archive has no array terminals, expected observations, actions and terminals; found observations, actions, rewards",
    );
    expect(() => decodeDataset("d.npz", archive({ rewards: float([3], [0, 0, 0]) }))).toThrow(
      "rewards has the shape [3], expected 4 rows as observations has",
    );
  });
});
