import { dagger, train } from "apprentice/algorithms";
import { episodeReturns } from "apprentice/data";
import { cartPole } from "apprentice/envs";
import { balancer } from "apprentice/experts";
import { mlp } from "apprentice/policies";
import { type Bench, median, seconds } from "../row.ts";

const SEEDS = 5;

/** The reference library in Python, three seeds on another day and this kind of machine: 1.6 to 3.1 s for 2,000 labels, returns 449, 403, 342. */
const PYTHON = { seconds: 1.6, mean: (449 + 403 + 342) / 3 };

/**
 * DAgger on CartPole with 2,000 labels in all, from nothing to the policy; each seed judged over 20 episodes of its own. A run
 * before them loads the runtime: it is told, not counted.
 */
export const daggerCartPole: Bench = async ({ say }) => {
  const env = cartPole();
  const times: number[] = [];
  const returns: number[] = [];
  for (let seed = -1; seed < SEEDS; seed++) {
    const problem = { env, expert: balancer(), policy: mlp(env, { hidden: [32, 32] }) };
    const learned: { policy?: Parameters<typeof episodeReturns>[1] } = {};
    times.push(
      await seconds(async () => {
        const sizes = { rounds: 4, states: 500, mode: "streaming", updates: 250, validationEpisodes: 0 } as const;
        learned.policy = (await train(dagger, problem, { ...sizes, seed: Math.abs(seed) })).policy;
      }),
    );
    if (seed < 0) {
      say(`dagger: ${times.pop()?.toFixed(3)} s with loading the runtime`);
      continue;
    }
    const judged = await episodeReturns(env, learned.policy!, { episodes: 20, seed: 1000 + seed, deterministic: true });
    returns.push(judged.returns.reduce((sum, value) => sum + value, 0) / 20);
  }
  const perfect = returns.filter((value) => value === 500).length;
  say(
    `dagger: ${times.map((time) => time.toFixed(3)).join(", ")} s; returns ${returns.join(", ")} (500 on ${perfect} of ${SEEDS} seeds)`,
  );
  const time = median(times);
  const mean = returns.reduce((sum, value) => sum + value, 0) / SEEDS;
  return [
    {
      row: "dagger CartPole, 2,000 labels",
      value: time,
      unit: `s, median of ${SEEDS} seeds`,
      against: "Python reference, recorded: 1.6 s at best",
      ratio: PYTHON.seconds / time,
    },
    {
      row: "dagger CartPole, return",
      value: mean,
      unit: `of 500, mean of ${SEEDS} seeds`,
      against: "Python reference, recorded: 398",
      ratio: mean / PYTHON.mean,
    },
  ];
};
