import { rng } from "apprentice/autodiff";
import { cartPole } from "apprentice/envs";
import { peer, pythonWith } from "../peer.ts";
import { type Bench, median, paired, seconds } from "../row.ts";

const COPIES = 1024;

/** CartPole, 1024 copies at a time, random actions drawn anew at each step, episodes restarted as they end. */
export const cartpole: Bench = async ({ peers, say }) => {
  const world = cartPole().vector(COPIES, { autoreset: "same-step" });
  const random = rng(1);
  const actions = new Int32Array(COPIES);
  world.reset(0);
  const ours = async () => {
    const steps = 2000;
    const time = await seconds(() => {
      for (let k = 0; k < steps; k++) {
        for (let i = 0; i < COPIES; i++) actions[i] = random.next() & 1;
        world.step(actions);
      }
    });
    return (steps * COPIES) / time;
  };
  const python = peers ? pythonWith("gymnasium") : undefined;
  if (peers && !python) say("no Python with gymnasium was found: cartpole runs alone");
  if (python) {
    const theirs = peer(python, "cartpole.py");
    const result = await paired(5, ours, () => theirs.ask("200"));
    theirs.close();
    return [
      {
        row: "cartpole",
        value: result.ours,
        unit: "steps/s",
        against: "Gymnasium's vectorised CartPole, NumPy",
        ratio: result.ratio,
      },
    ];
  }
  await ours();
  const rate = median([await ours(), await ours(), await ours()]);
  return [{ row: "cartpole", value: rate, unit: "steps/s", against: "the goal of 10 million a second", ratio: rate / 1e7 }];
};
