import { gail, tabularAirl, train } from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { rollout } from "../../data/index.ts";
import { fromTabular } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { type Policy, type TabularMdp, withRewardTable } from "../../mdp/index.ts";
import { mlp, tableOf } from "../../policies/index.ts";
import { type PolicyTable, policyEvaluation, softValueIteration, uniformPolicy, valueIteration } from "../../solvers/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { A, drawMazes, type Maze, mazeMdp, N } from "./maze.ts";

/** What a nat of entropy is worth to the expert, in units of reward. */
const TEMPERATURE = 0.2;

/** How much is done. */
interface Plan {
  readonly rounds: number;
  /** What GAIL sees and makes. */
  readonly episodes: number;
  readonly steps: number;
}

/** What a pair of mazes comes to: shares of the best return, 0 being a random policy's. */
interface Found {
  readonly states: number;
  readonly actions: number;
  readonly gail: number;
  readonly before: number;
  /** Policies in the changed maze, for the picture. */
  readonly policies: Readonly<Record<string, PolicyTable>>;
  readonly mazes: { readonly here: Maze; readonly there: Maze };
}

/** The gap of a maze moves: a reward over states leads through the new one, everything else to where the old one was. */
export const fu2018Transfer: Experiment = {
  id: "fu2018-transfer",
  title: "A maze that changes: adversarial inverse RL finds a reward that leads through the new gap",
  source: "Fu, Luo & Levine 2018",
  claims: expected,

  async run({ quick = false, seeds = quick ? 4 : 40, onProgress }) {
    const plan = quick ? { rounds: 600, episodes: 100, steps: 8000 } : { rounds: 2000, episodes: 100, steps: 40_000 };
    const found: Found[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      found.push(await pairOfMazes(seed, plan));
      onProgress?.({ done: seed + 1, total: seeds, unit: "pairs of mazes" });
    }
    const over = (of: (one: Found) => number) => meanInterval(found.map(of));
    const results = {
      transfer: over(({ states }) => states),
      "transfer-sa": over(({ actions }) => actions),
      gail: over(({ gail }) => gail),
      "gail-before": over(({ before }) => before),
    };
    return {
      rows: judged(expected, results, quick ? { undecided: ["gail", "gail-before"] } : {}),
      figures: [
        {
          kind: "intervals",
          title: "Returns after the gap has moved",
          caption: `Share of the best return in the changed maze, 0 being a random policy's; means over ${seeds} pairs of mazes with 95 % intervals.`,
          x: "share of the best return",
          rows: [
            { label: "retrained with a reward over states", value: results.transfer },
            { label: "retrained with a reward over states and actions", value: results["transfer-sa"] },
            { label: "GAIL's policy", value: results.gail },
            { label: "GAIL's policy before the change", value: results["gail-before"] },
          ],
          reference: { label: "the best policy", value: 1 },
        },
        {
          kind: "lines",
          title: "Ways through the changed maze",
          caption:
            "The first maze from above, the wall with its new gap; most likely actions from the lower room, the ways a little apart so that each can be seen.",
          x: "column",
          y: "row, counted from below",
          inOrder: true,
          series: picture(found[0]),
        },
      ],
    };
  },
};

async function pairOfMazes(seed: number, { rounds, episodes, steps }: Plan): Promise<Found> {
  const mazes = drawMazes(rng(seed).split("mazes"));
  const here = mazeMdp(mazes.here, { below: false });
  const there = mazeMdp(mazes.there, { below: true });
  const expert = softValueIteration(here, { temperature: TEMPERATURE }).pi;

  const retrained = async (over: "s" | "sa") => {
    const options = { over, rounds, temperature: TEMPERATURE };
    const { reward } = await train(tabularAirl, { mdp: here, demos: { policy: expert } }, options);
    return valueIteration(withRewardTable(there, reward.table)).pi;
  };
  const env = fromTabular(here, { id: "Maze", maxSteps: 20 });
  const demos = await rollout(env, drawing(env, expert), { episodes, seed });
  const { policy } = await train(gail, { env, demos, policy: mlp(env, { hidden: [32, 32] }) }, { steps, warmStart: 300, seed });
  const policies = { states: await retrained("s"), actions: await retrained("sa"), gail: await tableOf(policy) };
  const random = uniformPolicy(there);
  const share = (pi: PolicyTable) => shareOf(there, pi, valueIteration(there).pi, random);
  return {
    states: share(policies.states),
    actions: share(policies.actions),
    gail: share(policies.gail),
    before: shareOf(here, policies.gail, expert, random),
    policies,
    mazes,
  };
}

function shareOf(mdp: TabularMdp, pi: PolicyTable, best: PolicyTable, random: PolicyTable): number {
  const [own, most, least] = [pi, best, random].map((each) => {
    const { V } = policyEvaluation(mdp, each);
    return mdp.rho.reduce((sum, p, s) => sum + p * V[s], 0);
  });
  return (own - least) / (most - least);
}

/** The policy of a table: draws a with probability π(a | s). */
function drawing({ observation, action }: Pick<Policy, "observation" | "action">, pi: PolicyTable): Policy {
  return {
    observation,
    action,
    act: (states, { rng: random } = {}) =>
      Int32Array.from({ length: states.length }, (_, i) => {
        const own = Array.isArray(random) ? random[i] : random;
        let left = own.float();
        let a = 0;
        for (; a < A - 1; a++) {
          left -= pi[states[i] * A + a];
          if (left < 0) break;
        }
        return a;
      }),
  };
}

/** The wall of the changed maze, the goal, and where most likely actions lead from the lower room's middle. */
function picture({ mazes: { here, there }, policies }: Found): Series[] {
  const height = (y: number) => N - 1 - y;
  const line = height(there.wall) - 0.5;
  const wall = (name: string, from: number, to: number): Series => ({ name, points: [from, to].map((x) => ({ x, y: line })) });
  const start = N * (N - 1) + here.gap;
  const mdp = mazeMdp(there, { below: true });
  const way = (name: string, pi: PolicyTable, apart: number): Series => {
    const points = [];
    for (let s = start, t = 0; t < 3 * N; t++) {
      points.push({ x: (s % N) + apart, y: height(Math.floor(s / N)) + apart });
      let best = 0;
      for (let a = 1; a < A; a++) if (pi[s * A + a] > pi[s * A + best]) best = a;
      const next = mdp.P.next[mdp.P.rows[s * A + best]];
      if (next === s) break;
      s = next;
    }
    return { name, points };
  };
  return [
    ...(there.gap > 0 ? [wall("wall", -0.5, there.gap - 0.5)] : []),
    ...(there.gap < N - 1 ? [wall(there.gap > 0 ? "wall, beyond the gap" : "wall", there.gap + 0.5, N - 0.5)] : []),
    { name: "goal", points: [{ x: there.goal.x, y: height(there.goal.y) }] },
    way("reward over states", policies.states, 0.1),
    way("reward over states and actions", policies.actions, 0),
    way("GAIL's policy", policies.gail, -0.1),
  ];
}
