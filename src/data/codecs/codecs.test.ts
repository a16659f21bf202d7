import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { referenceFile } from "../../../test/reference-data.ts";
import { refusal } from "../../../test/refusal.ts";
import { cartPole } from "../../envs/classic/cartpole.ts";
import { pendulum } from "../../envs/classic/pendulum.ts";
import { type ActionSpace, box, dict, discrete, multiDiscrete, type Space, size } from "../../mdp/index.ts";
import { actionColumn, count, type Dataset, fromTrajectories, lengths, returns } from "../dataset.ts";
import { numericArray } from "./arrays.ts";
import { decodeDataset, decodeImitation, encodeDataset, encodeNpz } from "./index.ts";

fc.configureGlobal({ seed: 20 });

const FORMATS = ["d.jsonl", "d.npz", "d.safetensors"];

const observationSpaces: Space[] = [
  box([3]),
  box([2, 2], -1e30, 1e30),
  discrete(7),
  multiDiscrete([3, 4]),
  dict({ far: box([2], [-Infinity, 0], [3, Infinity]), near: discrete(3) }),
];
const actionSpaces: ActionSpace[] = [discrete(4), multiDiscrete([2, 5]), box([1], -2, 2), box([3])];

/** Data sets of all kinds: spaces, lengths, metadata, extreme numbers. */
const anyDataset: fc.Arbitrary<Dataset> = fc
  .record({
    observationSpace: fc.constantFrom(...observationSpaces),
    actionSpace: fc.constantFrom(...actionSpaces),
    lengths: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    reals: fc.infiniteStream(
      fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-0, 1e-45, 3.4028234663852886e38)),
    ),
    rewards: fc.infiniteStream(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-0, 5e-324, 1e308))),
    choices: fc.infiniteStream(fc.nat(1)),
    ends: fc.infiniteStream(fc.boolean()),
    metadata: fc.record(
      {
        env: fc.string({ unit: "binary" }),
        expert: fc.string(),
        seed: fc.nat(),
        autoreset: fc.constantFrom("next-step" as const, "disabled" as const),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ observationSpace, actionSpace, lengths, reals, rewards, choices, ends, metadata }) => {
    const next = <T>(stream: Iterator<T>) => stream.next().value as T;
    const discreteLike = (space: Space) => space.kind !== "box";
    const taus = lengths.map((T) => {
      const actions = actionColumn(actionSpace, T);
      const bounded = actionSpace.kind === "box" && actionSpace.high[0] === 2;
      for (let k = 0; k < actions.length; k++) {
        actions[k] =
          actionSpace.kind === "box" ? (bounded ? Math.max(-2, Math.min(2, next(reals))) : next(reals)) : next(choices);
      }
      const width = size(observationSpace);
      return {
        observations: Float32Array.from({ length: (T + 1) * width }, () =>
          discreteLike(observationSpace) ? next(choices) : Math.max(-1e30, Math.min(1e30, next(reals))),
        ),
        actions,
        rewards: Float64Array.from({ length: T }, () => next(rewards)),
        terminated: next(ends),
      };
    });
    return fromTrajectories(observationSpace, actionSpace, taus, metadata);
  });

/** The data of three short pictures, as bytes. */
const pictures = () =>
  fromTrajectories(
    box([2, 2, 1], 0, 255),
    discrete(2),
    [1, 2].map((T) => ({
      observations: Uint8Array.from({ length: 4 * (T + 1) }, (_, k) => (k * 37) % 256),
      actions: new Int32Array(T).fill(1),
      rewards: new Float64Array(T).fill(0.5),
      terminated: T === 1,
    })),
  );

const small = () =>
  fromTrajectories(
    box([2]),
    discrete(3),
    [2, 1].map((T) => ({
      observations: Float32Array.from({ length: 2 * (T + 1) }, (_, k) => k / 10),
      actions: new Int32Array(T).fill(T),
      rewards: new Float64Array(T).fill(0.25),
      terminated: T === 2,
    })),
    { env: "Test-v0", seed: 3 },
  );

/** The same numbers in every bit, with the same spaces and origin. */
function same(a: Dataset, b: Dataset): void {
  const bits = (array: ArrayBufferView) =>
    `${array.constructor.name} ${Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("hex")}`;
  for (const column of ["observations", "actions", "rewards", "offsets", "terminated"] as const)
    expect(bits(a[column])).toBe(bits(b[column]));
  expect([a.observationSpace, a.actionSpace, a.metadata]).toEqual([b.observationSpace, b.actionSpace, b.metadata]);
}

describe.each(FORMATS)("a data set in %s", (name) => {
  it("comes back in every bit", () => {
    fc.assert(fc.property(anyDataset, (data) => same(decodeDataset(name, encodeDataset(name, data)), data)));
    same(decodeDataset(name, encodeDataset(name, pictures())), pictures());
  });

  it("cut anywhere is refused, or has lost nothing", () => {
    const bytes = encodeDataset(name, small());
    for (let end = 0; end < bytes.length; end++) {
      if (name === "d.jsonl" && end === bytes.length - 1) continue; // the last line's end
      refusal(() => decodeDataset(name, bytes.subarray(0, end)));
    }
  });

  it("with any byte changed is refused or sound, never anything else", () => {
    const bytes = encodeDataset(name, small());
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 0x40, 0x80]) {
        const changed = bytes.slice();
        changed[at] ^= flip;
        let back: Dataset;
        try {
          back = decodeDataset(name, changed);
        } catch {
          refusal(() => decodeDataset(name, changed));
          continue;
        }
        // A text's digits are not protected; the archive and the tensors are.
        if (name !== "d.jsonl") same(back, small());
        else expect(back.rewards.every(Number.isFinite)).toBe(true);
      }
    }
  });

  it("is read or refused, whatever its bytes are", () => {
    const bytes = encodeDataset(name, small());
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(changes, (list) => {
        const changed = bytes.slice();
        for (const [at, byte] of list) changed[at] = byte;
        try {
          decodeDataset(name, changed);
        } catch {
          refusal(() => decodeDataset(name, changed));
        }
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => void refusal(() => decodeDataset(name, noise))));
  });

  it("is checked against the environment it is read for", () => {
    const bytes = encodeDataset(name, small());
    expect(refusal(() => decodeDataset(name, bytes, cartPole()))).toBe(
      `${name}: the demonstrations of Test-v0 have observations box[2], CartPole-v1 expects box[4]: record demonstrations in CartPole-v1, or name the environment that these come from`,
    );
    const env = { ...cartPole(), id: "Test-v0", observation: box([2], -9, 9), action: discrete(5) };
    expect(decodeDataset(name, bytes, env).observationSpace).toBe(env.observation);
  });

  it("that is empty is refused by name", () => {
    expect(refusal(() => decodeDataset(name, new Uint8Array(0)))).toBe(`${name}: the file is empty`);
  });
});

it("a format that is not known by its name is refused, with those that are", () => {
  expect(refusal(() => decodeDataset("demos.csv", Uint8Array.of(1)))).toBe(
    "demos.csv: the format is not known by its name; expected a name that ends in .jsonl, .npz, .safetensors",
  );
});

describe("JSON Lines", () => {
  const lines = (...texts: string[]) => new TextEncoder().encode(texts.join("\n"));
  const header =
    '{"format":"apprentice-dataset","version":1,"observation":{"kind":"box","shape":[1],"low":"-inf","high":9},"action":{"kind":"discrete","n":2}}';
  const tau = '{"observations":[[0],[1]],"actions":[1],"rewards":[1],"terminated":true}';

  it("can be written by hand", () => {
    const data = decodeDataset("d.jsonl", lines(header, "", tau, `  ${tau}  `, ""));
    expect(count(data)).toBe(2);
    expect(data.observationSpace).toEqual(box([1], -Infinity, 9));
    expect(Array.from(data.observations)).toEqual([0, 1, 0, 1]);
  });

  it("takes the environment's spaces where no header tells them", () => {
    const env = { ...cartPole(), observation: box([1]), action: discrete(2) };
    expect(count(decodeDataset("d.jsonl", lines(tau), env))).toBe(1);
    expect(refusal(() => decodeDataset("d.jsonl", lines(tau)))).toContain("line 1 is no header, which tells the spaces");
  });

  it("of another kind is told by its fields, with those of every kind that there is", () => {
    const swapped = lines('{"question":"Why?","response_j":"So.","response_k":"No."}');
    expect(refusal(() => decodeDataset("d.jsonl", swapped))).toMatch(
      /line 1 has the fields "question, response_j, response_k"; expected those of preferences \(prompt, chosen, rejected; .*of texts \(text; .*of demonstrations \(a header/,
    );
  });

  it("writes single-precision numbers with few digits", () => {
    const text = new TextDecoder().decode(encodeDataset("d.jsonl", small()));
    expect(text).toContain('"observations":[[0,0.1],[0.2,0.3],[0.4,0.5]]');
  });

  it.each([
    ["{", "line 3 is not JSON: "],
    ["[]", "line 3 is no object, expected a trajectory"],
    ["{}", "line 3: observations are missing, expected a list"],
    [tau.replace("[1],", "[2],"), "line 3: trajectory 1: action 0 does not fit discrete(2): choice is 2"],
    [tau.replace("[[0],[1]]", "[[0]]"), "line 3: trajectory 1: a trajectory of 1 actions has 2 observations"],
    [tau.replace("[[0],[1]]", "[[0],[1,2]]"), "line 3: observations have 2 numbers in row 1, expected 1 for box[1]"],
    [tau.replace("[[0],[1]]", '[[0],["x"]]'), 'line 3: observations have "x" in row 1, expected a finite number'],
    [tau.replace("[[0],[1]]", "[[0],[1e999]]"), "line 3: observations have null in row 1, expected a finite number"],
    [tau.replace('"rewards":[1]', '"rewards":[NaN]'), "line 3: rewards have NaN in row 0, expected a finite number"],
    [tau.replace("[[0],[1]]", "[[0], [-Infinity]]"), "line 3: observations have -Infinity in row 1, expected a finite number"],
    [tau.replace("true", '"yes"'), 'line 3: terminated is "yes", expected true or false'],
  ])("names the line of what is wrong: %s", (line, message) => {
    expect(refusal(() => decodeDataset("d.jsonl", lines(header, tau, line)))).toContain(`d.jsonl: ${message}`);
  });

  it("says how many trajectories are missing", () => {
    const text = new TextDecoder().decode(encodeDataset("d.jsonl", small())).split("\n");
    expect(refusal(() => decodeDataset("d.jsonl", lines(...text.slice(0, 2))))).toBe(
      "d.jsonl: the header counts 2 trajectories, found 1; the file is cut",
    );
  });

  it("refuses spaces that no file of its size could fill", () => {
    const huge = header.replace("[1]", "[1000000000,1000000000]");
    expect(refusal(() => decodeDataset("d.jsonl", lines(huge, tau)))).toContain("more than the file has numbers");
    expect(refusal(() => decodeDataset("d.jsonl", lines(header.replace('"version":1', '"version":2'), tau)))).toContain(
      "version 2",
    );
    const nested = header.replace('{"kind":"box"', `${'{"kind":"dict","spaces":{"x":'.repeat(50)}{"kind":"box"`);
    expect(refusal(() => decodeDataset("d.jsonl", lines(nested + "}}".repeat(50), tau)))).toBeTruthy();
  });
});

describe("the layout of the imitation library", () => {
  const arrays = (change: object = {}) => {
    const all = {
      obs: numericArray(
        "float32",
        [5, 2],
        Float32Array.from({ length: 10 }, (_, k) => k),
      ),
      acts: numericArray("int64", [3], BigInt64Array.of(0n, 1n, 1n)),
      rews: numericArray("float64", [3], Float64Array.of(1, 2, 3)),
      terminal: numericArray("bool", [2], Uint8Array.of(1, 1)),
      indices: numericArray("int64", [1], BigInt64Array.of(2n)),
      ...change,
    };
    return encodeNpz(new Map(Object.entries(all).filter(([, array]) => array !== undefined)));
  };

  it("tells the spaces by its numbers", () => {
    const data = decodeImitation(arrays());
    expect([data.observationSpace, data.actionSpace]).toEqual([box([2]), discrete(2)]);
    expect(Array.from(lengths(data))).toEqual([2, 1]);
    expect(Array.from(data.terminated)).toEqual([1, 1]);
    const torque = decodeImitation(arrays({ acts: numericArray("float32", [3, 1], Float32Array.of(0.5, 1, 2)) }));
    expect(torque.actionSpace).toEqual(box([1]));
    const several = decodeImitation(arrays({ acts: numericArray("int32", [3, 2], Int32Array.of(0, 4, 1, 0, 1, 2)) }));
    expect(several.actionSpace).toEqual(multiDiscrete([2, 5]));
    const cells = decodeImitation(arrays({ obs: numericArray("int64", [5], BigInt64Array.of(0n, 3n, 1n, 2n, 0n)) }));
    expect(cells.observationSpace).toEqual(discrete(4));
    const bytes = decodeImitation(arrays({ obs: numericArray("uint8", [5, 1, 2], new Uint8Array(10)) }));
    expect(bytes.observationSpace).toEqual(box([1, 2], 0, 255));
    expect(bytes.observations).toBeInstanceOf(Uint8Array);
  });

  it("takes the environment's spaces where it is named, and a full length for a time limit", () => {
    const env = { ...cartPole(), observation: box([2]), action: discrete(4), maxSteps: 2 };
    const data = decodeImitation(arrays(), env);
    expect(data.actionSpace).toBe(env.action);
    expect(Array.from(data.terminated)).toEqual([0, 1]);
    const halves = arrays({ acts: numericArray("float64", [3], Float64Array.of(0, 0.5, 1)) });
    expect(refusal(() => decodeImitation(halves, env))).toBe(
      "acts has 0.5 at 1, expected a whole number: the actions are choices",
    );
  });

  it.each([
    [
      { acts: undefined },
      "the archive has no array acts, expected obs, acts, rews (or none), terminal and indices; found obs, rews, terminal, indices",
    ],
    [
      { indices: numericArray("int64", [2], BigInt64Array.of(1n, 2n)) },
      "2 trajectories begin at 1 indices after the first, found 2",
    ],
    [
      { indices: numericArray("int64", [1], BigInt64Array.of(3n)) },
      "trajectory 1 begins at step 3, expected a whole number between 1 and 2",
    ],
    [{ indices: numericArray("int64", [1], BigInt64Array.of(-1n)) }, "trajectory 1 begins at step -1"],
    [{ rews: numericArray("float64", [2], Float64Array.of(1, 2)) }, "have 5 rows of obs and 3 of rews, found 5 and 2"],
    [{ obs: numericArray("float32", [4, 2], new Float32Array(8)) }, "have 5 rows of obs and 3 of rews, found 4 and 3"],
    [
      { rews: numericArray("float64", [3], Float64Array.of(1, Number.NaN, 3)) },
      "trajectory 0, step 1: the reward is NaN, expected a finite number",
    ],
    [
      { obs: numericArray("float64", [5, 2], new Float64Array(10).fill(1e300)) },
      "trajectory 0, step 0: the observation does not fit box[2]: entry 0 is Infinity",
    ],
  ])("is refused where its arrays don't agree (%#)", (change, message) => {
    expect(refusal(() => decodeDataset("d.npz", arrays(change)))).toContain(message);
  });

  const [balanced, swung] = [referenceFile("cartpole-expert.npz"), referenceFile("pendulum-expert.npz")];

  it.skipIf(!balanced)("holds that library's own CartPole expert (skipped where it is not at hand)", () => {
    const data = decodeDataset("cartpole-expert.npz", new Uint8Array(readFileSync(balanced!)), cartPole());
    expect([count(data), data.rewards.length]).toEqual([57, 26_964]);
    const mean = returns(data).reduce((sum, r) => sum + r, 0) / 57;
    expect(mean).toBeCloseTo(26_964 / 57, 9); // 473.05
    expect(data.observationSpace).toEqual(cartPole().observation);
    same(decodeDataset("x.npz", encodeDataset("x.npz", data)), data);
  });

  it.skipIf(!swung)("holds that library's own Pendulum expert (skipped where it is not at hand)", () => {
    const data = decodeDataset("pendulum-expert.npz", new Uint8Array(readFileSync(swung!)), pendulum());
    expect([count(data), data.rewards.length]).toEqual([56, 11_200]);
    expect(returns(data).reduce((sum, r) => sum + r, 0) / 56).toBeCloseTo(-189, 0);
    expect(Array.from(data.terminated)).toEqual(new Array(56).fill(0)); // 200 steps: the time limit
  });
});
