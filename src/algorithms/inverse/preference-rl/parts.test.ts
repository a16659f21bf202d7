import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../../../autodiff/index.ts";
import { cartPole } from "../../../envs/index.ts";
import type { FragmentChoice, FragmentExpert } from "../../../mdp/index.ts";
import { remember } from "../../../solvers/index.ts";
import { ExpertError } from "../../expert-error.ts";
import { contradictions, nothingAnswered, withAnswers } from "./answered.ts";
import { type Asked, ask, unanswered } from "./asking.ts";
import { drawPairs, fragmentAt, noSteps, places } from "./memory.ts";
import { labelPlan, labelSchedules, sessionsBefore } from "./plan.ts";
import { disagreement, information, largest } from "./selection.ts";

const env = cartPole();

describe("the schedule of labels", () => {
  it("asks for every label, never takes one back, and asks early for more of them the steeper it falls", () => {
    const plan = fc.record({
      labels: fc.integer({ min: 0, max: 2000 }),
      sessions: fc.integer({ min: 1, max: 40 }),
      initialShare: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(plan, (options) => {
        const all = labelSchedules.map((labelSchedule) => labelPlan({ ...options, labelSchedule }));
        for (const asked of all) {
          expect(asked.length).toBe(options.sessions);
          expect(asked.at(-1)).toBe(options.labels);
          expect(asked).toEqual([...asked].sort((a, b) => a - b));
        }
        all[0].forEach((constant, i) => {
          expect(all[1][i]).toBeGreaterThanOrEqual(constant);
          expect(all[2][i]).toBeGreaterThanOrEqual(all[1][i]);
        });
      }),
    );
  });

  it("holds the first session after the exploration and every one before the last round is over", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 3 }), fc.nat(100), (sessions, explored, more) => {
        const rounds = sessions + explored + more;
        const held = Array.from({ length: rounds }, (_, round) => sessionsBefore(round, rounds, { sessions, explored }));
        expect(held[explored - 1]).toBe(0);
        expect(held[explored]).toBe(1);
        expect(held.at(-1)).toBe(sessions);
        for (let k = 1; k < rounds; k++) expect(held[k] - held[k - 1]).toBeOneOf([0, 1]);
      }),
    );
  });
});

describe("which comparisons are asked for", () => {
  it("members who agree make a comparison worth nothing; who contradict each other, the most", () => {
    const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(chances, (p) => {
        expect(disagreement(p)).toBeLessThanOrEqual(0.25 + 1e-12);
        expect(information(p)).toBeLessThanOrEqual(Math.LN2 + 1e-12);
        expect(disagreement(p.map(() => p[0]))).toBeCloseTo(0, 12);
        expect(information(p.map(() => p[0]))).toBeCloseTo(0, 12);
      }),
    );
    expect(disagreement([0, 1])).toBe(0.25);
    expect(information([0, 1])).toBeCloseTo(Math.LN2, 12);
  });

  it("what no member knows has no information, though its answer is uncertain", () => {
    expect(information([0.5, 0.5, 0.5])).toBeCloseTo(0, 12);
    expect(largest([0.1, 0.7, 0.3, 0.7], 3)).toEqual([1, 3, 2]);
  });
});

/** Steps whose every number tells the copy and the time they are from; an episode of copy i ends after each step in ends[i]. */
function walked(copies: number, C: number, T: number, rounds: number, ends: readonly (readonly number[])[]) {
  const memory = noSteps(env, copies, C);
  for (let round = 0; round < rounds; round++) {
    const rows = Array.from({ length: T * copies }, (_, row) => ({ i: row % copies, t: round * T + Math.floor(row / copies) }));
    const column = (of: (row: { i: number; t: number }) => number) =>
      Float32Array.from(rows.flatMap((row) => [of(row), row.i, row.t, 0]));
    const ended = Uint8Array.from(rows, ({ i, t }) => Number(ends[i].includes(t)));
    const values = { s: column(({ t }) => t), next: column(({ t }) => t + 1), a: Int32Array.from(rows, ({ t }) => t % 2) };
    remember(memory, { ...values, terminated: ended, ended, rewards: Float64Array.from(rows, ({ t }) => t) });
  }
  return memory;
}

describe("fragments of the last rounds", () => {
  it("are all the stretches of k steps within one episode that memory holds, across rounds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.array(fc.nat(20), { maxLength: 5 }), { minLength: 2, maxLength: 2 }),
        (k, rounds, ends) => {
          const memory = walked(2, 12, 4, rounds, ends);
          const [from, times] = [Math.max(0, 4 * rounds - 12), 4 * rounds];
          const expected = [];
          for (let i = 0; i < 2; i++)
            for (let t = from; t + k <= times; t++)
              if (!ends[i].some((end) => end >= t && end < t + k - 1)) expected.push({ i, t });
          const found = places(memory, 2, k).places;
          expect(found).toEqual(expected);
          for (const place of found) {
            const { observations, rewards, terminated } = fragmentAt(memory, 2, place, k);
            expect([...rewards]).toEqual(Array.from({ length: k }, (_, j) => place.t + j));
            expect(observations.filter((_, d) => d % 4 === 0)).toEqual(
              Float32Array.from({ length: k + 1 }, (_, j) => place.t + j),
            );
            expect(observations[1]).toBe(place.i);
            expect(terminated).toBe(ends[place.i].includes(place.t + k - 1));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("one longer than every trajectory is an error that says how long they are", () => {
    const memory = walked(2, 12, 4, 3, [
      [2, 5, 8],
      [3, 7],
    ]);
    expect(() => drawPairs(memory, 2, 5, 3, rng(0))).toThrow(
      "fragments have 5 steps, the longest trajectory of the last rounds has 4; make fragmentLength smaller, at most about 2",
    );
    for (const [first, second] of drawPairs(memory, 2, 2, 50, rng(0))) expect(first).not.toEqual(second);
  });
});

describe("answers", () => {
  const memory = walked(2, 12, 4, 3, [[], []]);
  const pairs = drawPairs(memory, 2, 3, 8, rng(1));
  const questions = (): Asked => ({
    comparisons: pairs.map(([first, second], number) => ({ number, first, second })),
    choices: new Float64Array(pairs.length).fill(Number.NaN),
  });
  const options = { requestSize: 1, openRequests: 8, timeout: 0 };
  const said: FragmentChoice[] = [1, 0, 0.5, null, 1, 1, 0, 0];

  it("may come in any order", async () => {
    const asked = questions();
    const open: { number: number; answer: (choice: FragmentChoice) => void }[] = [];
    const expert: FragmentExpert = {
      compare: ([{ number }]) => new Promise((resolve) => open.push({ number, answer: (choice) => resolve([choice]) })),
    };
    const done = ask(asked, expert, options, 1);
    await Promise.resolve();
    expect(open.length).toBe(8);
    for (const { number, answer } of open.reverse()) answer(said[number]);
    await done;
    expect([...asked.choices]).toEqual(said.map((choice) => choice ?? -1));
  });

  it("that came are kept when the expert fails, and only the others are asked for again", async () => {
    const asked = questions();
    const heard: number[] = [];
    const failing: FragmentExpert = {
      compare: ([{ number }]) => {
        if (number === 5) throw new Error("gone for lunch");
        return [said[number]];
      },
    };
    const failed = await ask(asked, failing, options, 4).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ExpertError);
    expect((failed as Error).message).toBe(
      "round 4: the expert failed: gone for lunch; 1 of 8 comparisons have no answer, the others are kept, make the round again to ask for these alone",
    );
    expect(unanswered(asked)).toBe(1);
    const back: FragmentExpert = {
      compare: ([{ number }]) => {
        heard.push(number);
        return [said[number]];
      },
    };
    await ask(asked, back, options, 4);
    expect(heard).toEqual([5]);
  });

  it("that are no choice, or too few, or too late are refused", async () => {
    const whole = { ...options, requestSize: 0 };
    const odd: FragmentExpert = { compare: () => [1, 0, 1, 0, 2 as 1, 1, 1, 1] };
    await expect(ask(questions(), odd, whole, 1)).rejects.toThrow("the expert answered 2, expected 1 (the first)");
    await expect(ask(questions(), { compare: () => [1] }, whole, 1)).rejects.toThrow(
      "the expert gave 1 answers to 8 comparisons; 8 of 8 comparisons have no answer",
    );
    const silent: FragmentExpert = { compare: () => new Promise(() => {}) };
    await expect(ask(questions(), silent, { ...whole, timeout: 0.01 }, 1)).rejects.toThrow("has not answered within 0.01 s");
  });

  it("to one question that say the opposite of each other are counted, whichever fragment comes first", () => {
    const [first, second] = pairs[0];
    const counted = contradictions(env, 3);
    let answered = withAnswers(nothingAnswered(env), [{ first, second, choice: 1 }]);
    expect(counted.count(answered)).toBe(0);
    answered = withAnswers(answered, [{ first: second, second: first, choice: 0 }]); // the same again
    expect(counted.count(answered)).toBe(0);
    answered = withAnswers(answered, [{ first: second, second: first, choice: 1 }]);
    expect(counted.count(answered)).toBe(3);
    answered = withAnswers(answered, [
      { first, second, choice: 0.5 },
      { first: pairs[1][0], second: pairs[1][1], choice: 0 },
    ]);
    expect(counted.count(answered)).toBe(3);
    expect(contradictions(env, 3).count(answered)).toBe(3);
  });
});
