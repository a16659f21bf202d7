import { describe, expect, it, vi } from "vitest";
import { rng } from "../../../autodiff/index.ts";
import { cartPole, pendulum } from "../../../envs/index.ts";
import { balancer, swinger } from "../../../experts/index.ts";
import type { Actions, Expert, Observations } from "../../../mdp/index.ts";
import { mlp } from "../../../policies/index.ts";
import { dagger, ExpertError, resume, start, train } from "../../index.ts";
import { fill, missing, ranges } from "./answers.ts";

const env = cartPole();
const policy = mlp(env, { hidden: [4] });
const own = balancer();
const options = { rounds: 3, states: 60, epochs: 1, seed: 3 };
const rowsIn = (s: Observations) => s.length / 4;

/** Answers when told to, in whatever order; counts what it was asked. */
function desk() {
  const open: { states: Observations; answer: () => void; fail: (why: string) => void }[] = [];
  let asked = 0;
  const expert: Expert = {
    label: (states) =>
      new Promise<Actions>((resolve, reject) => {
        asked += rowsIn(states);
        open.push({ states, answer: () => resolve(own.label(states)), fail: (why) => reject(new Error(why)) });
      }),
  };
  return { expert, open, asked: () => asked };
}

const turns = async (n = 20) => {
  for (let k = 0; k < n; k++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a slow expert", () => {
  const settings = { ...options, rounds: 1, beta: [], requestSize: 10, openRequests: 6 };

  it("may answer requests in any order: what is learned is the same bit for bit", async () => {
    const soon = await train(dagger, { env, expert: own, policy }, settings);
    const { expert, open } = desk();
    const run = start(dagger, { env, expert, policy }, settings);
    const round = run.next();
    while (open.length < 6) await turns(1);
    for (const i of [4, 0, 5, 2, 1, 3]) {
      open[i].answer();
      await turns(2);
    }
    expect(await round).toEqual(soon.records[0]);
    const { policy: learned, demos } = await run.result();
    expect(learned.theta).toEqual(soon.policy.theta);
    expect(demos).toEqual(soon.demos);
  });

  it("keeps no more requests open than it was told to", async () => {
    const { expert, open } = desk();
    const run = start(dagger, { env, expert, policy }, { ...settings, openRequests: 2 });
    const round = run.next();
    while (open.length < 2) await turns(1);
    await turns();
    expect(open).toHaveLength(2);
    for (let answered = 0; answered < 6; answered++) {
      open[answered].answer();
      await turns();
      expect(open.length).toBe(Math.min(6, answered + 3));
    }
    expect((await round)?.labels).toBe(60);
  });

  it("is asked again only for what is missing, when a run is killed while it waits", async () => {
    const soon = await train(dagger, { env, expert: own, policy }, { ...settings, rounds: 2 });
    const first = desk();
    const killed = start(dagger, { env, expert: first.expert, policy }, { ...settings, rounds: 2 });
    void killed.next();
    while (first.open.length < 6) await turns(1);
    for (const i of [5, 1, 3]) first.open[i].answer();
    await turns();
    expect(killed.waiting?.()).toBe("30 of 60 labels");
    const saved = killed.checkpoint(); // and nothing more is ever heard of the first process

    const second = desk();
    const run = resume(dagger, { env, expert: second.expert, policy }, saved);
    const records = [];
    const round = run.next();
    while (second.open.length < 3) await turns(1);
    expect(second.asked()).toBe(30);
    for (const { answer } of second.open) answer();
    records.push(await round);
    const rest = run.next();
    while (second.open.length < 9) await turns(1);
    for (const { answer } of second.open) answer();
    records.push(await rest);
    expect(second.asked()).toBe(90);
    expect(records).toEqual(soon.records);
    expect((await run.result()).policy.theta).toEqual(soon.policy.theta);
  });

  it("is not asked again for what it did at the wheel: the round is acted again with its own answers", async () => {
    const given = { ...options, rounds: 1, beta: [0.5], states: 40, requestSize: 0 };
    const soon = await train(dagger, { env, expert: own, policy }, given);
    const first = desk();
    const killed = start(dagger, { env, expert: first.expert, policy }, given);
    void killed.next();
    for (let k = 0; k < 7; k++) {
      while (first.open.length <= k) await turns(1);
      first.open[k].answer();
    }
    while (first.open.length < 8) await turns(1);
    expect(killed.waiting?.()).toBe("the expert at the wheel, 7 answers so far");
    let asked = 0;
    const expert: Expert = {
      label: (s) => {
        asked += rowsIn(s);
        return own.label(s);
      },
    };
    const run = resume(dagger, { env, expert, policy }, killed.checkpoint());
    expect(await run.next()).toEqual(soon.records[0]);
    expect(asked).toBe(40 - 7); // each of the 40 states is answered once: at the wheel, or afterwards
    expect((await run.result()).policy.theta).toEqual(soon.policy.theta);
  });

  it("can be too slow: the error says for what, and an answer that comes later is taken", async () => {
    const { expert, open, asked } = desk();
    const run = start(dagger, { env, expert, policy }, { ...settings, timeout: 0.05 });
    const error = await run.next().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ExpertError);
    expect(error.message).toMatch(/the expert has not answered within 0\.05 s, asked about states 0 to 9 of 60/);
    expect(error.states).toHaveLength(60);
    for (const { answer } of open.splice(0, 4)) answer();
    await turns();
    const before = asked();
    const round = run.next();
    while (asked() < before + 20) await turns(1);
    for (const { answer } of open) answer();
    await round;
    expect(asked()).toBe(60 + 20);
    expect(run.state.effort.labels).toBe(60);
  });

  it("may be late with one request and be there before the others have ended: then nothing is missing, and nothing is thrown", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { expert, open, asked } = desk();
      const [states, labels] = [new Float32Array(4 * 30), new Int32Array(30)];
      const sheet = { states, labels, known: new Uint8Array(30), wanted: new Uint8Array(30).fill(1) };
      const filled = fill(sheet, expert, env, { requestSize: 10, openRequests: 2, timeout: 2 }, 1);
      vi.advanceTimersByTime(1500);
      open[1].answer();
      await turns(); // the third is asked, with its own 2 s
      vi.advanceTimersByTime(1000); // the time of the first is over
      await turns();
      open[0].answer();
      await turns();
      expect(missing(sheet)).toBe(10);
      open[2].answer();
      await filled;
      expect(missing(sheet)).toBe(0);
      expect(asked()).toBe(30);
    } finally {
      vi.useRealTimers();
    }
  });

  it("and what is said to be missing is so when it is said, for the reason that is given", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { expert, open } = desk();
      const [states, labels] = [new Float32Array(4 * 30), new Int32Array(30)];
      const sheet = { states, labels, known: new Uint8Array(30), wanted: new Uint8Array(30).fill(1) };
      const filled = fill(sheet, expert, env, { requestSize: 10, openRequests: 2, timeout: 2 }, 1).catch((thrown) => thrown);
      vi.advanceTimersByTime(1500);
      open[1].answer();
      await turns();
      vi.advanceTimersByTime(1000);
      await turns();
      open[0].answer();
      await turns();
      open[2].fail("gone to lunch");
      const error = await filled;
      expect(error).toBeInstanceOf(ExpertError);
      expect(error.states).toEqual(Array.from({ length: 10 }, (_, i) => 20 + i));
      expect(error.message).toBe(
        "round 1: the expert failed: gone to lunch, asked about states 20 to 29 of 30; labels are missing for states 20 to 29; the other 20 labels are kept, make the round again to ask for these alone",
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it("at the wheel: an answer that comes late is taken too, and what is learned is the same bit for bit", async () => {
    const given = { ...options, rounds: 1, states: 12 };
    const soon = await train(dagger, { env, expert: own, policy }, given);
    const { expert, open, asked } = desk();
    const run = start(dagger, { env, expert, policy }, { ...given, timeout: 0.02 });
    for (let step = 0; step < 12; step++) {
      const error = await run.next().catch((thrown) => thrown);
      expect(error).toBeInstanceOf(ExpertError);
      expect(error.message).toBe(`round 1, episode 0, step ${step}: the expert has not acted within 0.02 s`);
      open[step].answer(); // nobody waits for it any more
      await turns();
    }
    expect(await run.next()).toEqual(soon.records[0]);
    expect(asked()).toBe(12);
    expect((await run.result()).policy.theta).toEqual(soon.policy.theta);
  });

  it("at the wheel: whoever is slower than the limit at every step gets on, however often a question is put again", async () => {
    const given = { ...options, rounds: 1, states: 12 };
    const soon = await train(dagger, { env, expert: own, policy }, given);
    const expert: Expert = {
      label: async (s) => {
        await new Promise((resolve) => setTimeout(resolve, 35));
        return own.label(s);
      },
    };
    const run = start(dagger, { env, expert, policy }, { ...given, timeout: 0.02 });
    let record: unknown;
    for (let tries = 0; tries < 40 && record === undefined; tries++) record = await run.next().catch(() => undefined);
    expect(record).toEqual(soon.records[0]);
    expect((await run.result()).policy.theta).toEqual(soon.policy.theta);
  });
});

describe("an expert that does not answer as it should: the round is kept, and the error says which states", () => {
  const settings = { ...options, rounds: 1, beta: [], requestSize: 10 };
  const failing = (wrong: (states: Observations, call: number) => Actions) => {
    let call = 0;
    return { label: (states: Observations) => (call++ === 2 ? wrong(states, call) : own.label(states)) };
  };

  it.each<[string, (states: Observations) => Actions, RegExp, number[]]>([
    [
      "throws",
      () => {
        throw new Error("gone to lunch");
      },
      /^round 1: the expert failed: gone to lunch, asked about states 20 to 29 of 60; labels are missing for states 20 to 29; the other 50 labels are kept/,
      [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
    ],
    [
      "gives too few answers",
      (s) => own.label(s).subarray(1),
      /the expert gave 9 numbers for 10 states, expected 10 \(discrete\(2\) each\), asked about states 20 to 29 of 60/,
      [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
    ],
    [
      "gives an answer that doesn't exist",
      (s) => own.label(s).map((a, i) => (i === 4 || i === 7 ? 2 : a)),
      /the expert's label of state 24 of 60 does not fit discrete\(2\): choice is 2, .*labels are missing for states 24, 27; the other 58 labels are kept/,
      [24, 27],
    ],
    ["gives no answer", () => undefined as never, /the expert gave no numbers for 10 states/, []],
  ])("it %s", async (_what, wrong, message, states) => {
    const expert = failing(wrong);
    const soon = await train(dagger, { env, expert: own, policy }, settings);
    const run = start(dagger, { env, expert, policy }, settings);
    const error: ExpertError = await run.next().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ExpertError);
    expect(error.message).toMatch(message);
    if (states.length > 0) expect(error.states).toEqual(states);
    expect(run.state.round).toBe(0);
    expect(await run.next()).toEqual(soon.records[0]);
    expect((await run.result()).policy.theta).toEqual(soon.policy.theta);
  });

  it("at the wheel the error names the episode and the step, and nothing is lost either", async () => {
    const given = { ...options, rounds: 1, states: 30 };
    const soon = await train(dagger, { env, expert: own, policy }, given);
    let call = 0;
    const expert: Expert = {
      label: (s) => {
        call += 1;
        if (call === 12) throw new Error("the wheel came off");
        return call === 20 ? Int32Array.of(7) : own.label(s);
      },
    };
    const run = start(dagger, { env, expert, policy }, given);
    await expect(run.next()).rejects.toThrow(/^round 1, episode 0, step 11: the expert failed: the wheel came off$/);
    await expect(run.next()).rejects.toThrow(
      /^round 1, episode 0, step 18: the expert's action does not fit discrete\(2\): choice is 7/,
    );
    expect(await run.next()).toEqual(soon.records[0]);
    expect(call).toBe(32); // 30 steps, and the two that went wrong
  });

  it("real actions outside their box are refused, and infinite ones", async () => {
    const swing = pendulum();
    for (const [torque, found] of [
      [2.5, "2.5, expected -2 to 2"],
      [Number.NaN, "NaN, expected a finite number"],
    ] as const) {
      const expert: Expert = { label: (s) => Float32Array.from(swinger().label(s), (a, i) => (i === 3 ? torque : a)) };
      const run = start(dagger, { env: swing, expert, policy: mlp(swing, { hidden: [4] }) }, { ...settings, requestSize: 0 });
      await expect(run.next()).rejects.toThrow(`the expert's label of state 3 of 60 does not fit box[1]: entry 0 is ${found}`);
    }
  });
});

describe("states are named in few words", () => {
  it("as ranges, the first six of them", () => {
    expect(ranges([3])).toBe("state 3");
    expect(ranges([0, 1, 2, 5, 7, 8])).toBe("states 0 to 2, 5, 7 to 8");
    expect(ranges([0, 2, 4, 6, 8, 10, 12, 14])).toBe("states 0, 2, 4, 6, 8, 10, ... 2 more");
  });
});

describe("random requests, random failures", () => {
  it("every state is labelled exactly once, whatever goes wrong on the way", async () => {
    const random = rng(7);
    const soon = await train(dagger, { env, expert: own, policy }, { ...options, beta: [0.3, 0] });
    let given = 0;
    const expert: Expert = {
      label: async (s) => {
        const mood = random.integer(4);
        for (let k = random.integer(3); k > 0; k--) await turns(1);
        if (mood === 0) throw new Error("not now");
        if (mood === 1 && rowsIn(s) > 1) return own.label(s).map((a, i) => (i % 2 === 0 ? a : 9));
        given += rowsIn(s);
        return own.label(s);
      },
    };
    const run = start(dagger, { env, expert, policy }, { ...options, beta: [0.3, 0], requestSize: 7, openRequests: 3 });
    const records = [];
    for (let tries = 0; tries < 500 && records.length < 3; tries++) {
      const row = await run.next().catch((error) => {
        expect(error).toBeInstanceOf(ExpertError);
      });
      if (row) records.push(row);
    }
    expect(records).toEqual(soon.records);
    expect((await run.result()).policy.theta).toEqual(soon.policy.theta);
    expect(given).toBeGreaterThan(0);
    expect(run.state.effort.labels).toBe(180);
  });
});
