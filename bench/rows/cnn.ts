import { behaviorCloning, start } from "apprentice/algorithms";
import { rng } from "apprentice/autodiff";
import { type Pairs, pairs } from "apprentice/data";
import { trackCamera } from "apprentice/envs";
import { driver } from "apprentice/experts";
import { box, bytes } from "apprentice/mdp";
import { cnn as cnnPolicy } from "apprentice/policies";
import { peer, pythonWith } from "../peer.ts";
import { type Bench, median, paired, type Row, seconds } from "../row.ts";

const FRAMES = 1000;
const BATCH = 64;
const UPDATES = 12;

/** Bytes and labels as the peer has them: what is in a picture makes no difference to the time. */
function frames(): Pairs {
  const random = rng(1);
  const picture = bytes([3, 66, 200]);
  const s = new Uint8Array(FRAMES * picture.low.length).map(() => random.next() & 255);
  const a = Float32Array.from({ length: FRAMES }, () => 0.1 * random.normal());
  return pairs(picture, box([1], -1, 1), s, a);
}

/** Behavior cloning itself, a round at a time, with squared loss; images a second. */
async function cloning(): Promise<() => Promise<number>> {
  const demos = frames();
  const policy = cnnPolicy({ observation: demos.observationSpace, action: box([1], -1, 1) }, { scale: "constant" });
  const options = { batchSize: BATCH, updates: 1e9, schedule: "constant" as const, learningRate: 1e-3, seed: 0 };
  const run = start(behaviorCloning, { demos, policy }, options);
  await run.next();
  return async () => {
    const first = run.progress().done;
    const time = await seconds(async () => {
      while (run.progress().done - first < UPDATES) await run.next();
    });
    return ((run.progress().done - first) * BATCH) / time;
  };
}

/** The 2016 network trained on bytes, against eager PyTorch with its usual layout of pictures, and with its faster one. */
export const cnn: Bench = async ({ peers, say }) => {
  const ours = await cloning();
  const python = peers ? pythonWith("torch") : undefined;
  if (peers && !python) say("no Python with torch was found ($APPRENTICE_PYTHON, python3, python): cnn runs alone");
  if (!python) {
    const rates = [await ours(), await ours(), await ours()];
    return [row("cnn", median(rates), "the goal of 400 images a second", median(rates) / 400)];
  }
  const theirs = peer(python, "cnn.py");
  const rows: Row[] = [];
  for (const [name, layout] of [
    ["cnn", "standard"],
    ["cnn, channels last", "channels_last"],
  ]) {
    const result = await paired(7, ours, () => theirs.ask(`${layout} ${BATCH} ${UPDATES}`));
    const words = layout === "standard" ? "PyTorch eager, 1 thread" : "PyTorch eager, channels_last, 1 thread";
    rows.push(row(name, result.ours, words, result.ratio));
  }
  theirs.close();
  return rows;
};

const row = (name: string, value: number, against: string, ratio: number): Row => ({
  row: name,
  value,
  unit: "images/s",
  against,
  ratio,
});

/** Pictures of the driving track with shadows and noise, the car driven by its expert: one core. */
export const camera: Bench = async () => {
  const env = trackCamera();
  const world = env.vector(1, { autoreset: "same-step" });
  const expert = driver(env);
  let observations = world.reset(0);
  const rate = async () => {
    const steps = 2000;
    const time = await seconds(() => {
      for (let k = 0; k < steps; k++) observations = world.step(expert.label(observations)).observations;
    });
    return steps / time;
  };
  await rate();
  const value = median([await rate(), await rate(), await rate()]);
  return [{ row: "camera", value, unit: "frames/s", against: "the goal of 2,000 a second", ratio: value / 2000 }];
};
