import { start } from "apprentice/algorithms";
import { episodeReturns } from "apprentice/data";
import { cartPole, loadEnv } from "apprentice/envs";
import type { Env, VectorEnv } from "apprentice/mdp";
import { mlp } from "apprentice/policies";
import { type PpoOptions, ppo, ppoPresets } from "apprentice/solvers";
import { peer, pythonWith } from "../peer.ts";
import { type Bench, median, paired, type Row, seconds } from "../row.ts";

const GOAL = 100_000;

/** Where the time of a run goes, in seconds. */
interface Shares {
  simulator: number;
  policy: number;
  updates: number;
}

/**
 * The same environment with a clock: time inside of `step` is the simulator's, between two steps of a round the policy's, and
 * between the last step of a round and the first of the next the updates'.
 */
function clocked(env: Env, rolloutSteps: number, shares: Shares): Env {
  const now = () => Number(process.hrtime.bigint()) / 1e9;
  return {
    ...env,
    vector(n, options): VectorEnv {
      const world = env.vector(n, options);
      let steps = 0;
      let last = now();
      return {
        ...world,
        step(actions) {
          const begin = now();
          if (steps > 0) shares[steps % rolloutSteps === 0 ? "updates" : "policy"] += begin - last;
          const result = world.step(actions);
          last = now();
          shares.simulator += last - begin;
          steps++;
          return result;
        },
      };
    },
  };
}

/** Rounds of PPO with the environment's settings, for ever: tells steps a second. */
function training(env: Env, options: Partial<PpoOptions>): (atLeast: number) => Promise<number> {
  const preset = ppoPresets[env.id];
  const run = start(ppo, { env, policy: mlp(env, preset?.policy) }, { ...preset?.options, ...options, steps: 1e9, seed: 0 });
  return async (atLeast) => {
    await run.ready;
    const first = run.progress().done;
    const time = await seconds(async () => {
      while (run.progress().done - first < atLeast) await run.next();
    });
    return (run.progress().done - first) / time;
  };
}

/** Steps a second and where the time goes; without a goal the ratio is the share of what the simulator alone would allow. */
async function shared(name: string, env: Env, atLeast: number, goal?: number): Promise<Row[]> {
  const shares: Shares = { simulator: 0, policy: 0, updates: 0 };
  const { rolloutSteps } = { ...ppo.defaults, ...ppoPresets[env.id]?.options };
  const ours = training(clocked(env, rolloutSteps, shares), {});
  await ours(1);
  Object.assign(shares, { simulator: 0, policy: 0, updates: 0 });
  const rate = median([await ours(atLeast), await ours(atLeast), await ours(atLeast)]);
  const all = shares.simulator + shares.policy + shares.updates;
  const against = goal === undefined ? "its simulator alone (share)" : `the goal of ${goal.toLocaleString("en")} a second`;
  const ratio = goal === undefined ? shares.simulator / all : rate / goal;
  return [
    { row: name, value: rate, unit: "steps/s", against, ratio },
    ...Object.entries(shares).map(([what, time]) => ({
      row: `${name} ${what}`,
      value: (100 * time) / all,
      unit: "% of the time",
      against: "all of it",
      ratio: time / all,
    })),
  ];
}

const SEEDS = [0, 1, 2, 3, 4];

/** Whole trainings of CartPole, from nothing, with what is compiled for them: how long each takes, and what its policy returns. */
async function fromNothing(): Promise<Row[]> {
  const env = cartPole();
  const { options, policy } = ppoPresets[env.id];
  const times: number[] = [];
  const means: number[] = [];
  for (const seed of SEEDS) {
    const run = start(ppo, { env, policy: mlp(env, policy) }, { ...options, seed });
    const time = await seconds(async () => {
      for await (const _ of run);
    });
    const played = await episodeReturns(env, (await run.result()).policy, {
      episodes: 100,
      seed: 1000 + seed,
      deterministic: true,
    });
    times.push(time);
    means.push(played.returns.reduce((sum, value) => sum + value, 0) / played.returns.length);
  }
  const slowest = Math.max(...times);
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
  const each = `s to train CartPole (median of ${SEEDS.length} seeds)`;
  return [
    { row: "ppo whole", value: median(times), unit: each, against: "the 2 s allowed", ratio: median(times) / 2 },
    { row: "ppo slowest", value: slowest, unit: "s, the slowest of them", against: "the 2 s allowed", ratio: slowest / 2 },
    { row: "ppo return", value: mean, unit: "return, mean over the seeds", against: "the 475 asked for", ratio: mean / 475 },
  ];
}

export const ppoRow: Bench = async ({ peers, say }) => {
  const rows = await shared("ppo", cartPole(), 100_000, GOAL);
  rows.push(...(await fromNothing()));
  try {
    rows.push(...(await shared("ppo Hopper", await loadEnv("Hopper-v5"), 8_000)));
  } catch (error) {
    say(`${(error as Error).message}: no row of Hopper`);
  }
  const python = peers ? pythonWith("torch, gymnasium") : undefined;
  if (peers && !python) say("no Python with torch and gymnasium was found: ppo runs alone");
  if (python) {
    const theirs = peer(python, "ppo.py");
    const ours = training(cartPole(), {});
    const { ours: rate, ratio } = await paired(
      5,
      () => ours(50_000),
      () => theirs.ask("8"),
    );
    theirs.close();
    rows.push({
      row: "ppo, peer",
      value: rate,
      unit: "steps/s",
      against: "PyTorch eager, Gymnasium's vectorised CartPole",
      ratio,
    });
  }
  return rows;
};
