import { dpo as algorithm, type DpoOptions, start } from "apprentice/algorithms";
import { compile, input, matmul, rng } from "apprentice/autodiff";
import type { Preference } from "apprentice/mdp";
import { firstTheta, gpt2, languageFamily } from "apprentice/policies";
import { peer, pythonWith } from "../peer.ts";
import { type Bench, median, paired, type Row, seconds } from "../row.ts";

const CONFIG = gpt2({ vocabulary: 512, context: 64, width: 128, layers: 4, heads: 4 });
const [PAIRS, LENGTH, PROMPT] = [16, 64, 16];
/** Steps of a measurement: a second or so. */
const STEPS = 6;

/** Comparisons of random tokens: 16 of prompt and 48 of response. */
function preferences(n: number): Preference[] {
  const random = rng(3);
  const tokens = (length: number) => Int32Array.from({ length }, () => 1 + random.integer(CONFIG.vocabulary - 1));
  return Array.from({ length: n }, () => ({
    x: tokens(PROMPT),
    yw: { actions: tokens(LENGTH - PROMPT) },
    yl: { actions: tokens(LENGTH - PROMPT) },
  }));
}

/** Runs the algorithm itself for ever and tells tokens a second; with what a round does beside its updates left out. */
async function steps(reference: DpoOptions["reference"]): Promise<() => Promise<number>> {
  const model = languageFamily(CONFIG);
  const policy = { model, theta: firstTheta(model, 0) };
  const options = { reference, report: STEPS, updates: 1e9, klSamples: 0, batchSize: PAIRS, seed: 0 };
  const run = start(algorithm, { policy, preferences: preferences(16 * PAIRS) }, options);
  await run.next();
  return async () => {
    const time = await seconds(() => run.next());
    return (STEPS * 2 * PAIRS * LENGTH) / time;
  };
}

/**
 * Multiplications and additions of a step on one token: each matrix forward and twice backward, attention's two products on
 * half of the square alike, logits where responses are predicted; and the reference forward.
 */
function flops(live: boolean): number {
  const { width: D, hidden: F, layers, vocabulary: V } = CONFIG;
  const matrices = layers * (3 * D * D + D * D + 2 * D * F);
  const attention = layers * 2 * LENGTH * D;
  const logits = ((LENGTH - PROMPT) / LENGTH) * D * V;
  return 2 * (live ? 4 : 3) * (matrices + attention + logits);
}

/** FLOP/s of the runtime's own product of 2,048 rows with a square matrix, the shape of a step's largest part. */
async function matmulRate(): Promise<number> {
  const [M, N, copies] = [2 * PAIRS * LENGTH, 512, 4];
  const W = input("W", [N, N]);
  let x = input("x", [M, N]);
  for (let k = 0; k < copies; k++) x = matmul(x, W);
  const program = await compile({ outputs: { y: x } });
  const numbers = (n: number) => Float32Array.from({ length: n }, (_, i) => 0.05 * Math.sin(i));
  const feeds = { x: numbers(M * N), W: numbers(N * N) };
  await program.run(feeds);
  const time = await seconds(() => program.run(feeds));
  await program.release();
  return (copies * 2 * M * N * N) / time;
}

/** A DPO step against a bare PyTorch loop on as many threads, with the reference computed live and looked up. */
export const dpo: Bench = async ({ peers, say }) => {
  const python = peers ? pythonWith("torch") : undefined;
  if (peers && !python) say("no Python with torch was found ($APPRENTICE_PYTHON, python3, python): dpo runs alone");
  const theirs = python ? peer(python, "dpo.py") : undefined;
  const rows: Row[] = [];
  for (const reference of ["live", "cached"] as const) {
    const ours = await steps(reference);
    if (theirs) {
      // The peer computes its reference live in both rows: a bare loop has no cache.
      const result = await paired(5, ours, () => theirs.ask(`live ${STEPS} 1`));
      const against = "a bare PyTorch loop, 1 thread, its reference live";
      rows.push({ row: `dpo-${reference}`, value: result.ours, unit: "tokens/s", against, ratio: result.ratio });
    }
    const share = await paired(3, async () => (await ours()) * flops(reference === "live"), matmulRate);
    if (!theirs) {
      const rate = median([await ours(), await ours(), await ours()]);
      rows.push({ row: `dpo-${reference}`, value: rate, unit: "tokens/s", against: "8,800 tokens/s", ratio: rate / 8800 });
    }
    rows.push({
      row: `dpo-${reference} arithmetic`,
      value: share.ours / 1e9,
      unit: "GFLOP/s",
      against: "the runtime's own matmul, 1 thread",
      ratio: share.ratio,
    });
  }
  theirs?.close();
  return rows;
};
