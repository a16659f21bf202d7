import { type AdversarialProblem, adversarialPresets, airl, gail, start } from "apprentice/algorithms";
import { episodeReturns, rollout } from "apprentice/data";
import { loadEnv } from "apprentice/envs";
import { balancer } from "apprentice/experts";
import type { Policy } from "apprentice/mdp";
import { mlp } from "apprentice/policies";
import { type Bench, median, type Row } from "../row.ts";

const STEPS = 200_000;
const SEEDS = [0, 1, 2, 3, 4];
const GOAL = 475;
const ALLOWED = 5;

/**
 * The reference library in Python at its quickstart settings, one thread, 196,608 steps, recorded on another day and this kind of
 * machine: the least seconds of its runs, and its returns.
 */
const PYTHON: Record<string, { seconds: number; returns: string }> = {
  "gail CartPole-v1": { seconds: 55, returns: "500, 500, 486" },
  "airl CartPole-v1": { seconds: 55, returns: "377, 13, 26" },
  "gail CartPoleFixed-v1": { seconds: 72, returns: "8" },
  "airl CartPoleFixed-v1": { seconds: 74, returns: "17" },
};

const now = () => Number(process.hrtime.bigint()) / 1e9;

async function meanReturn(env: AdversarialProblem["env"], policy: Policy, seed: number): Promise<number> {
  const { returns } = await episodeReturns(env, policy, { episodes: 20, seed, deterministic: true });
  return returns.reduce((sum, value) => sum + value, 0) / returns.length;
}

/** A whole run, from nothing and with what is compiled for it; the return is looked at every ten rounds, off the clock. */
async function measured(name: "gail" | "airl", id: string, seed: number) {
  const world = await loadEnv(id);
  const demos = await rollout(world, balancer(), { episodes: 10, seed: 999 });
  const spent: Record<string, number> = {};
  let phase = "start";
  let since = now();
  const turn = (next: string) => {
    const at = now();
    spent[phase] = (spent[phase] ?? 0) + at - since;
    since = at;
    phase = next;
  };
  let inside = 0;
  const env: typeof world = {
    ...world,
    vector(n, options) {
      const copies = world.vector(n, options);
      const step: typeof copies.step = (actions) => {
        const begin = now();
        const result = copies.step(actions);
        inside += now() - begin;
        return result;
      };
      return { ...copies, step };
    },
  };
  const { options, policy } = adversarialPresets[id];
  const problem = { env, demos, policy: mlp(env, policy), onPhase: turn };
  const run = start(name === "gail" ? gail : airl, problem, { ...options, steps: STEPS, seed });
  let reached: number | undefined;
  for await (const { round, steps } of run) {
    if (round % 10 !== 0 || reached !== undefined) continue;
    turn("looking");
    if ((await meanReturn(world, (await run.result()).policy, 7)) >= GOAL) reached = steps;
    turn("start");
  }
  turn("looking");
  const { looking: _off, ...counted } = spent;
  const seconds = Object.values(counted).reduce((sum, value) => sum + value, 0);
  const { policy: learned } = await run.result();
  return { seconds, reached, value: await meanReturn(world, learned, 100 + seed), spent, inside };
}

/** GAIL and AIRL on CartPole, and on CartPole of a fixed length, where an episode's length can't give the reward away. */
export const adversarial: Bench = async ({ say }) => {
  const rows: Row[] = [];
  for (const id of ["CartPole-v1", "CartPoleFixed-v1"]) {
    for (const name of ["gail", "airl"] as const) {
      const python = PYTHON[`${name} ${id}`];
      const runs = [];
      for (const seed of SEEDS) runs.push(await measured(name, id, seed));
      const good = runs.filter(({ value }) => value >= GOAL).length;
      const steps = runs.map(({ reached }) => reached ?? Infinity);
      say(
        `${name} ${id}: returns ${runs.map(({ value }) => value.toFixed(0)).join(", ")} (Python, recorded: ${python.returns}); ` +
          `${runs.map(({ seconds }) => seconds.toFixed(2)).join(", ")} s; ${GOAL} reached after ${steps.join(", ")} steps; ${good} of ${SEEDS.length} seeds at ${GOAL}`,
      );
      const time = median(runs.map(({ seconds }) => seconds));
      rows.push(
        {
          row: `${name} ${id}`,
          value: time,
          unit: `s for ${STEPS.toLocaleString("en")} steps`,
          against: `Python reference, recorded: ${python.seconds} s at best`,
          ratio: python.seconds / time,
        },
        {
          row: `${name} ${id}, worst seed`,
          value: Math.min(...runs.map(({ value }) => value)),
          unit: `of 500, least of ${SEEDS.length} seeds`,
          against: `the goal of ${GOAL} on all`,
          ratio: Math.min(...runs.map(({ value }) => value)) / GOAL,
        },
        {
          row: `${name} ${id}, slowest seed`,
          value: Math.max(...runs.map(({ seconds }) => seconds)),
          unit: "s",
          against: `the ${ALLOWED} s allowed`,
          ratio: Math.max(...runs.map(({ seconds }) => seconds)) / ALLOWED,
        },
        {
          row: `${name} ${id}, learns`,
          value: median(steps),
          unit: `steps to ${GOAL}, median`,
          against: "all of them",
          ratio: median(steps) / STEPS,
        },
      );
      const last = runs[runs.length - 1];
      const { rollout: acting = 0, discriminator = 0, generator = 0 } = last.spent;
      const parts = {
        simulator: last.inside,
        policy: acting - last.inside,
        "generator update": generator,
        "discriminator update": discriminator,
      };
      for (const [what, seconds] of Object.entries(parts)) {
        rows.push({
          row: `${name} ${id}, ${what}`,
          value: (100 * seconds) / last.seconds,
          unit: "% of the time",
          against: "all of it",
          ratio: seconds / last.seconds,
        });
      }
    }
  }
  return rows;
};
