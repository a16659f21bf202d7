import { Rng } from "../../../autodiff/index.ts";
import { actionColumn } from "../../../data/index.ts";
import { type Env, type StepBatch, size } from "../../../mdp/index.ts";
import type { Normaliser } from "../../../policies/index.ts";
import { encodeAbsorbing, encodeSteps, type StepEncoding } from "../../../rewards/index.ts";
import type { AdversarialState } from "../adversarial-irl.ts";
import type { ExpertSteps } from "./demonstrations.ts";
import { penalisedRows } from "./discriminator.ts";
import { remembered } from "./memory.ts";
import { normalOf, rewardNormal } from "./normal.ts";

/** The rows that the discriminator learns from and is asked about. */
export interface Drawing {
  /** What its updates are fed, U minibatches of B steps of the expert and B of the learner. */
  readonly feeds: { readonly x: Float32Array; readonly logPi: Float32Array; readonly u: Float32Array };
  /** The steps of these rows as they were seen, and 1 where a row is the absorbing state. */
  readonly drawn: { readonly s: Float32Array; readonly a: Int32Array | Float32Array };
  readonly absent: Uint8Array;
  /** Takes in the round that was remembered last, and draws. */
  draw(state: AdversarialState, steps: StepBatch): void;
  /** The rows of that round, and below them the absorbing state where there is one. */
  newest(state: AdversarialState): Float32Array;
}

/** The rows of a run. Steps are encoded once, unless their normaliser changes from round to round. */
export function drawing(state: AdversarialState, env: Env, encoding: StepEncoding, expert: ExpertSteps, raw: boolean): Drawing {
  const { options } = state;
  const { rewardUpdates: U, rewardBatch: B, gradientPenalty, noise, absorbing } = options;
  const { width: W } = encoding;
  const [D, K] = [size(env.observation), size(env.action)];
  const E = expert.terminated.length;
  const count = U * 2 * B;
  const feeds = {
    x: new Float32Array(count * W),
    logPi: new Float32Array(count),
    u: new Float32Array(U * penalisedRows(options)),
  };
  const drawn = { s: new Float32Array(count * D), a: actionColumn(env.action, count) };
  const absent = new Uint8Array(count);
  const absorbingRow = new Float32Array(W);
  if (absorbing) encodeAbsorbing(encoding, absorbingRow, 0);

  const moving = options.normalise === "running";
  const perRound = options.copies * options.rolloutSteps;
  const theirs = { ...expert, x: new Float32Array(E * W) };
  const ours = { ...state.memory.columns, x: new Float32Array(options.memory * perRound * W) };
  const encodeAll = (normal: Normaliser | undefined) => {
    encodeSteps(encoding, theirs, normal, theirs.x);
    if (state.memory.added > 0) encodeSteps(encoding, ours, normal, ours.x);
  };
  if (!moving) encodeAll(normalOf(state));
  const newestAt = ({ memory }: AdversarialState) => (memory.added - perRound) % (options.memory * perRound);

  /** Draws rows `at` to `at + B` from a source of N steps and `absorbed` more in the absorbing state. */
  const drawHalf = (source: typeof theirs | typeof ours, N: number, absorbed: number, random: Rng, at: number) => {
    for (let k = at; k < at + B; k++) {
      const away = absorbed > 0 && random.float() * (N + absorbed) >= N;
      const row = random.integer(N);
      absent[k] = away ? 1 : 0;
      for (let c = 0; c < W; c++) feeds.x[k * W + c] = away ? absorbingRow[c] : source.x[row * W + c];
      if (!raw) continue;
      for (let d = 0; d < D; d++) drawn.s[k * D + d] = source.s[row * D + d];
      for (let j = 0; j < K; j++) drawn.a[k * K + j] = source.a[row * K + j];
    }
  };

  return {
    feeds,
    drawn,
    absent,

    draw(own, steps) {
      const random = new Rng(own.stream);
      const { N, absorbed } = remembered(own);
      if (moving) encodeAll(rewardNormal(own));
      else encodeSteps(encoding, steps, rewardNormal(own), ours.x, newestAt(own));
      for (let k = 0; k < U; k++) {
        drawHalf(theirs, E, absorbing ? expert.absorbed : 0, random, k * 2 * B);
        drawHalf(ours, N, absorbing ? absorbed : 0, random, (k * 2 + 1) * B);
      }
      if (noise > 0) for (let k = 0; k < feeds.x.length; k++) feeds.x[k] += noise * random.normal();
      if (gradientPenalty > 0) for (let k = 0; k < feeds.u.length; k++) feeds.u[k] = random.float();
    },

    newest(own) {
      const at = newestAt(own);
      const rows = ours.x.subarray(at * W, (at + perRound) * W);
      if (!absorbing) return rows;
      const x = new Float32Array(rows.length + W);
      x.set(rows);
      x.set(absorbingRow, rows.length);
      return x;
    },
  };
}
