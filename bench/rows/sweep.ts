import { gridworld } from "apprentice/envs";
import type { TabularMdp } from "apprentice/mdp";
import { softSweep } from "apprentice/solvers";
import { type Bench, median, type Row, seconds } from "../row.ts";

/** Sides of gridworlds of about a thousand to a million states. */
const SIDES = [32, 100, 316, 1000];
const ROUNDS = 9;
const STREAM = 1 << 23;

/**
 * A sweep of soft value iteration over gridworlds with slip, 12 transitions a state, in nanoseconds a transition: beside the
 * rate at which this machine streams typed arrays (a triad a = b + c x, the bytes read and written), and beside the same
 * sweep over objects. Measured in turns.
 */
export const sweep: Bench = async ({ say }) => {
  const rows: Row[] = [];
  const [a, b, c] = [0, 1, 2].map((value) => new Float64Array(STREAM).fill(value));
  const triad = async () => (24 * STREAM) / (await seconds(() => stream(a, b, c, 3)));
  await triad();
  const perTransition: number[] = [];
  for (const side of SIDES) {
    say(`a gridworld of ${(side * side).toLocaleString("en")} states`);
    const { mdp } = gridworld({ rows: side, columns: side });
    const transitions = mdp.P.next.length;
    const sweeps = Math.max(1, Math.round(3e6 / transitions));
    let [V, out]: [Float64Array, Float64Array] = [new Float64Array(mdp.S), new Float64Array(mdp.S)];
    const once = async () => {
      const time = await seconds(() => {
        for (let k = 0; k < sweeps; k++) {
          softSweep(mdp, V, 1, out);
          [V, out] = [out, V];
        }
      });
      return time / sweeps / transitions;
    };
    await once();
    const own: number[] = [];
    const share: number[] = [];
    for (let k = 0; k < ROUNDS; k++) {
      const time = await once();
      own.push(time);
      share.push(bytesOf(mdp) / transitions / time / (await triad()));
    }
    perTransition.push(median(own));
    rows.push({
      row: `soft sweep ${side} x ${side}`,
      value: median(own) * 1e9,
      unit: "ns a transition",
      against: "memory bandwidth: a triad over typed arrays",
      ratio: median(share),
    });
  }
  rows.push({
    row: "soft sweep growth",
    value: perTransition[perTransition.length - 1] / perTransition[0],
    unit: "times the cost a transition at a million states",
    against: "the same at a thousand states: linear is 1",
    ratio: perTransition[0] / perTransition[perTransition.length - 1],
  });
  say("the same over objects");
  rows.push(await objects());
  return rows;
};

/** a = b + x c. A function of its own, so that it is compiled whole. */
function stream(a: Float64Array, b: Float64Array, c: Float64Array, x: number): void {
  for (let i = 0; i < a.length; i++) a[i] = b[i] + x * c[i];
}

/** What a sweep reads and writes at least: entries, row starts, rewards, and V twice. */
function bytesOf({ S, A, P }: TabularMdp): number {
  return 12 * P.next.length + 12 * S * A + 16 * S;
}

interface Way {
  readonly reward: number;
  readonly outcomes: readonly { readonly p: number; readonly next: number }[];
}

async function objects(): Promise<Row> {
  const { mdp } = gridworld({ rows: 316, columns: 316 });
  const { S, A, P, gamma } = mdp;
  const world: Way[][] = Array.from({ length: S }, (_, s) =>
    Array.from({ length: A }, (_, a) => {
      const [from, to] = [P.rows[s * A + a], P.rows[s * A + a + 1]];
      const outcomes = Array.from({ length: to - from }, (_, k) => ({ p: P.p[from + k], next: P.next[from + k] }));
      return { reward: mdp.r[s * A + a], outcomes };
    }),
  );
  let V: number[] = new Array(S).fill(0);
  const [arrays, out] = [new Float64Array(S), new Float64Array(S)];
  const theirs = () => {
    V = world.map((ways) => {
      const q = ways.map(({ reward, outcomes }) => reward + gamma * outcomes.reduce((sum, { p, next }) => sum + p * V[next], 0));
      const best = Math.max(...q);
      return best + Math.log(q.reduce((sum, value) => sum + Math.exp(value - best), 0));
    });
  };
  const ratios: number[] = [];
  const own: number[] = [];
  for (let k = 0; k <= ROUNDS; k++) {
    const ours = await seconds(() => softSweep(mdp, arrays, 1, out));
    const other = await seconds(theirs);
    if (k === 0) continue;
    own.push(other / P.next.length);
    ratios.push(other / ours);
  }
  return {
    row: "soft sweep, objects",
    value: median(own) * 1e9,
    unit: "ns a transition over objects",
    against: "ours over typed arrays, 316 x 316",
    ratio: median(ratios),
  };
}
