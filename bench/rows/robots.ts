import loadWasm from "@mujoco/mujoco";
import { rng } from "apprentice/autodiff";
import { halfCheetah, hopper, loadMujoco, mjcf, type RobotEnv } from "apprentice/envs";
import { peer, pythonWith } from "../peer.ts";
import { type Bench, paired, type Row, seconds } from "../row.ts";

const STEPS = 4000; // of all copies together, a measurement

/**
 * Robots: steps a second of the environment, 1 and 16 copies, random actions, beside MuJoCo's own step called as often on
 * the same actions and nothing else: the ratio is the share of the time that is the simulator's.
 */
export const robots: Bench = async ({ peers, say }) => {
  await loadMujoco();
  const python = peers ? pythonWith("mujoco, gymnasium") : undefined;
  if (peers && !python) say("no Python with gymnasium and mujoco was found: robots run alone");
  const theirs = python ? peer(python, "robots.py") : undefined;
  const rows: Row[] = [];
  for (const [env, frameSkip] of [
    [hopper(), 4],
    [halfCheetah(), 5],
  ] as const) {
    const name = env.id.replace("-v5", "");
    for (const n of [1, 16]) {
      const run = runs(env, n);
      const bare = await simulation(env, n, frameSkip);
      const { ours, theirs: alone, ratio } = await paired(5, run, bare.run);
      bare.free();
      rows.push({ row: `${name} x${n}`, value: ours, unit: "steps/s", against: "mj_step alone (share)", ratio });
      if (n === 1) {
        const rate = alone * frameSkip;
        const seen = "the 32,000 of a first trial with Hopper";
        rows.push({ row: `${name} mj_step`, value: rate, unit: "mj_step/s", against: seen, ratio: rate / 32_000 });
      }
      if (!theirs) continue;
      const beside = await paired(5, run, () => theirs.ask(`${env.id} ${n} ${STEPS / 2 / n}`));
      rows.push({
        row: `${name} x${n}, peer`,
        value: beside.ours,
        unit: "steps/s",
        against: "Gymnasium on MuJoCo's library",
        ratio: beside.ratio,
      });
    }
  }
  theirs?.close();
  return rows;
};

/** Uniform actions for n copies. */
function drawn(env: RobotEnv, n: number): () => Float64Array {
  const actions = new Float64Array(n * env.mechanism.motors.length);
  const random = rng(1);
  return () => {
    for (let k = 0; k < actions.length; k++) actions[k] = random.uniform(-1, 1);
    return actions;
  };
}

function runs(env: RobotEnv, n: number): () => Promise<number> {
  const copies = env.vector(n, { autoreset: "same-step" });
  copies.reset(0);
  const draw = drawn(env, n);
  return async () => {
    const time = await seconds(() => {
      for (let k = 0; k < STEPS / n; k++) copies.step(draw());
    });
    return STEPS / time;
  };
}

/** The same model, stepped by nobody but MuJoCo from where episodes begin to where they were seen to end. */
async function simulation(env: RobotEnv, n: number, frameSkip: number) {
  const copies = env.vector(n, { autoreset: "same-step" });
  copies.reset(0);
  const draw = drawn(env, n);
  const K = env.mechanism.motors.length;
  const script = Array.from({ length: STEPS / n }, () => {
    const actions = draw().slice();
    const { terminated } = copies.step(actions);
    return { actions, terminated: terminated.slice() };
  });
  const mujoco = await loadWasm();
  const model = mujoco.MjModel.from_xml_string(mjcf(env.mechanism));
  const worlds = Array.from({ length: n }, () => new mujoco.MjData(model));
  return {
    run: async () => {
      const time = await seconds(() => {
        for (const { actions, terminated } of script) {
          for (let i = 0; i < n; i++) {
            const data = worlds[i];
            data.ctrl.set(actions.subarray(i * K, (i + 1) * K));
            for (let k = 0; k < frameSkip; k++) mujoco.mj_step(model, data);
            if (terminated[i]) mujoco.mj_resetData(model, data);
          }
        }
      });
      return STEPS / time;
    },
    free: () => {
      for (const data of worlds) data.delete();
      model.delete();
    },
  };
}
