import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adam,
  compile,
  compileUpdate,
  initialState,
  input,
  layout,
  mean,
  mul,
  rng,
  square,
  sub,
  sum,
} from "../../autodiff/index.ts";
import { box, discrete, multiDiscrete } from "../../mdp/index.ts";
import { mlp, tabular } from "../../policies/index.ts";
import { drawn } from "./drawn.ts";
import { byTwin, twinOf } from "./rebind.ts";
import { heldSteps, recall, remember, replayOf } from "./replay.ts";
import { sectioned } from "./sections.ts";
import { softQ } from "./soft-q.ts";

const options = { temperature: 0.3, critics: 2, criticHidden: [8] };

describe("soft values of choices", () => {
  it("are V = α ln Σ exp(Q/α), and the policy beside them is exp((Q − V)/α)", async () => {
    const policy = tabular({ observation: discrete(2), action: discrete(3) });
    const soft = softQ(policy, options);
    const [s, a] = [input("s", ["B", 1]), input("a", ["B"], "int32")];
    const logPi = soft.policy.head.logProb(soft.policy.forward(s), a);
    const program = await compile({ outputs: { Q: soft.Q(s, a)[0], V: soft.V(s), logPi }, params: policy.params });
    const table = [0.5, -0.2, 0.1, 2, 1, 1.5];
    const theta = Float32Array.from(table);
    const out = await program.run({ s: Float32Array.of(0, 1, 1), a: Int32Array.of(1, 0, 2), theta });
    const values = [table.slice(0, 3), table.slice(3)].map(
      (row) => 0.3 * Math.log(row.reduce((x, q) => x + Math.exp(q / 0.3), 0)),
    );
    [values[0], values[1], values[1]].forEach((V, i) => {
      expect(out.V[i]).toBeCloseTo(V, 5);
      expect(out.logPi[i]).toBeCloseTo(([-0.2, 2, 1.5][i] - V) / 0.3, 4);
      expect(out.Q[i]).toBeCloseTo([-0.2, 2, 1.5][i], 6);
    });
  });

  it("of several choices at once are those of all their combinations", async () => {
    const policy = mlp({ observation: box([2]), action: multiDiscrete([2, 3]) }, { hidden: [4] });
    const soft = softQ(policy, options);
    const [s, a] = [input("s", ["B", 2]), input("a", ["B", 2], "int32")];
    const program = await compile({ outputs: { Q: soft.Q(s, a)[0], V: soft.V(s) }, params: policy.params });
    const theta = initialState(policy.params, adam(), 1).theta.map((x) => 20 * x);
    const all = [0, 1].flatMap((i) => [0, 1, 2].map((j) => [i, j]));
    const feeds = { s: Float32Array.from(all.flatMap(() => [0.3, -1])), a: Int32Array.from(all.flat()), theta };
    const { Q, V } = await program.run(feeds);
    expect(V[0]).toBeCloseTo(0.3 * Math.log(Array.from(Q).reduce((x, q) => x + Math.exp(q / 0.3), 0)), 4);
  });
});

describe("real actions drawn inside an expression", () => {
  it.each(["squashed", "gaussian"] as const)(
    "have the log-density that the head gives to the action (%s)",
    async (distribution) => {
      const policy = mlp(
        { observation: box([1]), action: box([2], [-2, 0], [2, 1]) },
        { hidden: [], distribution, scale: "state", initialLogStd: -1 },
      );
      const z = policy.forward(input("s", ["B", 1]));
      const { a, logPi } = drawn(policy, z, input("noise", ["B", 2]));
      const theta = initialState(policy.params, adam(), 1).theta;
      const random = rng(2);
      const noise = Float32Array.from({ length: 40 }, () => random.normal());
      const s = Float32Array.from({ length: 20 }, () => random.normal());
      const out = await (await compile({ outputs: { a, logPi }, params: policy.params })).run({ s, noise, theta });
      const again = await compile({ outputs: { p: policy.head.logProb(z, input("a", ["B", 2])) }, params: policy.params });
      const { p } = await again.run({ s, a: out.a, theta });
      for (let i = 0; i < 20; i++) expect(out.logPi[i]).toBeCloseTo(p[i], 2);
    },
  );

  it("let gradients reach the actor but not the critics, and the critics' value the critics alone", async () => {
    const policy = mlp({ observation: box([1]), action: box([1], -1, 1) }, { hidden: [4] });
    const soft = softQ(policy, options);
    const tree = { pi: soft.pi!, q: soft.q };
    const P = layout(soft.pi!).size;
    const s = input("s", [8, 1]);
    const noise = input("noise", [8, 1]);
    const random = rng(1);
    const draws = () => Float32Array.from({ length: 8 }, () => random.normal());
    const feeds = { s: draws(), noise: draws() };
    const moved = async (loss: Parameters<typeof compileUpdate>[0]["loss"]) => {
      const optimizer = adam({ learningRate: 0.1 });
      const state = initialState(tree, optimizer, 3);
      const before = state.theta.slice();
      await (await compileUpdate({ loss, params: tree, optimizer })).run(state, feeds);
      const at = Array.from(state.theta, (x, i) => (x !== before[i] ? i : -1)).filter((i) => i >= 0);
      return [at.some((i) => i < P), at.some((i) => i >= P)];
    };
    expect(await moved(soft.actorLoss!(s, noise))).toEqual([true, false]);
    expect(await moved(mean(soft.V(s, noise)))).toEqual([false, true]);
  });
});

describe("a target network", () => {
  it("moves by τ towards the network it follows after each update, and no gradient reaches it", async () => {
    const policy = tabular({ observation: discrete(1), action: discrete(2) });
    const twin = twinOf(policy.params);
    const z = policy.forward(input("s", ["B", 1]));
    const loss = sum(square(sub(z, mul(0.5, byTwin(z, policy.params, twin)))));
    const tree = { q: policy.params, target: twin };
    const size = layout(policy.params).size;
    const optimizer = sectioned([
      { size, optimizer: adam({ learningRate: 0.1 }) },
      { size, follows: 0, rate: 0.25 },
    ]);
    const state = { theta: Float32Array.of(1, 2, 5, 7), slots: [new Float32Array(4), new Float32Array(4)], t: 0 };
    await (await compileUpdate({ loss, params: tree, optimizer })).run(state, { s: Float32Array.of(0) });
    const [q0, q1] = [1.1, 2.1]; // Adam's first step is the rate, towards half of the target
    expect(state.theta[0]).toBeCloseTo(q0, 5);
    expect(state.theta[1]).toBeCloseTo(q1, 5);
    expect(state.theta[2]).toBeCloseTo(5 + 0.25 * (q0 - 5), 5);
    expect(state.theta[3]).toBeCloseTo(7 + 0.25 * (q1 - 7), 5);
  });
});

describe("a replay buffer", () => {
  it("holds the newest steps, as many as it has room for, and gives back only those", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (capacity, batches) => {
          const replay = replayOf(box([1]), box([1], -100, 100), capacity, { number: new Float64Array(capacity) });
          let steps = 0;
          for (const n of batches) {
            const t = Float32Array.from({ length: n }, (_, k) => steps + k);
            const batch = { s: t, a: t, next: t.map((own) => own + 1), terminated: Uint8Array.from(t, (own) => own % 2) };
            remember(replay, { ...batch, number: Float64Array.from(t) });
            steps += n;
          }
          expect([...replay.columns.number]).toEqual([...replay.columns.s]);
          expect(heldSteps(replay)).toBe(Math.min(capacity, steps));
          const rows = {
            s: new Float32Array(20),
            a: new Float32Array(20),
            next: new Float32Array(20),
            going: new Float32Array(20),
          };
          recall(replay, rng(steps), 20, rows, 0);
          for (let i = 0; i < 20; i++) {
            expect(rows.s[i]).toBeGreaterThanOrEqual(steps - heldSteps(replay));
            expect([rows.a[i], rows.next[i], rows.going[i]]).toEqual([rows.s[i], rows.s[i] + 1, 1 - (rows.s[i] % 2)]);
          }
        },
      ),
    );
  });
});
