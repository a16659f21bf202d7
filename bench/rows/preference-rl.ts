import { preferenceRl, preferenceRlPresets, start } from "apprentice/algorithms";
import { episodeReturns } from "apprentice/data";
import { pendulum } from "apprentice/envs";
import { fragmentJudge } from "apprentice/experts";
import { mlp } from "apprentice/policies";
import { type Bench, median, seconds } from "../row.ts";

const SEEDS = [0, 1, 2, 3, 4];
const LABELS = 200;
/** The reference library in Python on such a machine, as many labels and steps, recorded on another day. */
const PYTHON = { seconds: 29, value: -212 };

/** Pendulum from 200 comparisons of fragments and 61,440 steps: whole runs, from nothing and with what is compiled for them. */
export const preferences: Bench = async ({ say }) => {
  const env = pendulum();
  const { options, policy } = preferenceRlPresets[env.id];
  const runs: { time: number; value: number }[] = [];
  for (const seed of SEEDS) {
    const problem = { env, expert: fragmentJudge({ seed }), policy: mlp(env, policy) };
    const run = start(preferenceRl, problem, { ...options, labels: LABELS, seed });
    const time = await seconds(async () => {
      for await (const _ of run);
    });
    const played = await episodeReturns(env, (await run.result()).policy, {
      episodes: 100,
      seed: 1000 + seed,
      deterministic: true,
    });
    runs.push({ time, value: played.returns.reduce((sum, value) => sum + value, 0) / played.returns.length });
  }
  say(`returns ${runs.map(({ value }) => value.toFixed(0)).join(", ")}; ${runs.map(({ time }) => time.toFixed(2)).join(", ")} s`);
  const time = median(runs.map((run) => run.time));
  const slowest = Math.max(...runs.map((run) => run.time));
  const worst = Math.min(...runs.map(({ value }) => value));
  const what = `s for ${LABELS} comparisons and ${options.steps?.toLocaleString("en")} steps`;
  return [
    {
      row: "preferences Pendulum",
      value: time,
      unit: what,
      against: `Python reference, recorded: ${PYTHON.seconds} s`,
      ratio: PYTHON.seconds / time,
    },
    { row: "preferences slowest", value: slowest, unit: "s, the slowest seed", against: "the 5 s allowed", ratio: slowest / 5 },
    {
      row: "preferences return",
      value: worst,
      unit: `return, least of ${SEEDS.length} seeds`,
      against: `Python reference, recorded: ${PYTHON.value}`,
      ratio: PYTHON.value / worst,
    },
  ];
};
