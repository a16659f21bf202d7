import { behaviorCloning, start } from "apprentice/algorithms";
import { compile, input, matmul, rng } from "apprentice/autodiff";
import { type Pairs, pairs } from "apprentice/data";
import { box, discrete } from "apprentice/mdp";
import { mlp } from "apprentice/policies";
import { peer, pythonWith } from "../peer.ts";
import { type Bench, median, paired, type Row, seconds } from "../row.ts";

const N = 25_000;

function demonstrations(n: number): Pairs {
  const random = rng(1);
  const s = Float32Array.from({ length: 4 * n }, () => random.normal());
  const a = Int32Array.from({ length: n }, (_, i) => (s[4 * i] + s[4 * i + 1] + s[4 * i + 2] + s[4 * i + 3] > 0 ? 1 : 0));
  return pairs(box([4]), discrete(2), s, a);
}

/** Runs the algorithm itself for ever, a round at a time, and tells transitions a second. */
export async function cloning(demos: Pairs, batchSize: number, hidden: number): Promise<(atLeast: number) => Promise<number>> {
  const policy = mlp({ observation: box([4]), action: discrete(2) }, { hidden: [hidden, hidden] });
  const run = start(behaviorCloning, { demos, policy }, { batchSize, updates: 1e9, normalise: false, seed: 0 });
  await run.next();
  return async (atLeast) => {
    const first = run.progress().done;
    const time = await seconds(async () => {
      while (run.progress().done - first < atLeast) await run.next();
    });
    return ((run.progress().done - first) * batchSize) / time;
  };
}

/** FLOP/s of the runtime's own matrix product of the network's large layer, batch x hidden x hidden. */
async function matmulRate(batch: number, hidden: number): Promise<number> {
  const copies = 16;
  const W = input("W", [hidden, hidden]);
  let x = input("x", [batch, hidden]);
  for (let k = 0; k < copies; k++) x = matmul(x, W);
  const program = await compile({ outputs: { y: x } });
  const feeds = { x: input0(batch * hidden), W: input0(hidden * hidden) };
  const calls = 20;
  const rates: number[] = [];
  for (let round = 0; round < 5; round++) {
    const time = await seconds(async () => {
      for (let k = 0; k < calls; k++) await program.run(feeds);
    });
    rates.push((calls * copies * 2 * batch * hidden * hidden) / time);
  }
  await program.release();
  return median(rates);
}

const input0 = (n: number) => Float32Array.from({ length: n }, (_, i) => 0.05 * Math.sin(i));

/** Multiplications and additions of one update: forward, and twice that backward but for the first layer's input. */
function flops(batch: number, hidden: number): number {
  return 2 * batch * (2 * 4 * hidden + 3 * hidden * hidden + 3 * hidden * 2);
}

const PyTorch = "PyTorch eager, 1 thread";

export const bc32: Bench = async ({ peers, say }) => {
  const ours = await cloning(demonstrations(N), 32, 32);
  const python = peers ? pythonWith("torch") : undefined;
  if (!python) {
    if (peers) say("no Python with torch was found ($APPRENTICE_PYTHON, python3, python): bc-32 runs alone");
    const rates = [await ours(4000), await ours(4000), await ours(4000)];
    return [
      {
        row: "bc-32",
        value: median(rates),
        unit: "transitions/s",
        against: "the goal of 640,000 a second",
        ratio: median(rates) / 640_000,
      },
    ];
  }
  const theirs = peer(python, "bc.py");
  const result = await paired(
    7,
    () => ours(6000),
    () => theirs.ask("32 32 600"),
  );
  theirs.close();
  return [{ row: "bc-32", value: result.ours, unit: "transitions/s", against: PyTorch, ratio: result.ratio }];
};

export const bc256: Bench = async ({ peers, say }) => {
  const ours = await cloning(demonstrations(N), 256, 256);
  const rows: Row[] = [];
  const python = peers ? pythonWith("torch") : undefined;
  if (peers && !python) say("no Python with torch was found ($APPRENTICE_PYTHON, python3, python): bc-256 runs alone");
  if (python) {
    const theirs = peer(python, "bc.py");
    const result = await paired(
      7,
      () => ours(300),
      () => theirs.ask("256 256 200"),
    );
    theirs.close();
    rows.push({ row: "bc-256", value: result.ours, unit: "transitions/s", against: PyTorch, ratio: result.ratio });
  }
  const share = await paired(
    5,
    async () => ((await ours(300)) / 256) * flops(256, 256),
    () => matmulRate(256, 256),
  );
  rows.push({
    row: "bc-256 arithmetic",
    value: share.ours / 1e9,
    unit: "GFLOP/s",
    against: "the runtime's own matmul, 1 thread",
    ratio: share.ratio,
  });
  return rows;
};
