import {
  adam,
  compile,
  compileUpdate,
  input,
  mean,
  type ParamTree,
  type Rng,
  square,
  sub,
  sum,
  type TrainState,
} from "../../autodiff/index.ts";
import type { StepBatch } from "../../mdp/index.ts";
import { dense, type Network, type Normaliser, type Spaces } from "../../policies/index.ts";
import {
  addAbsorbing,
  encodeAbsorbing,
  encodeSteps,
  needsNext,
  type StepEncoding,
  type StepOver,
  stepEncoding,
} from "../../rewards/index.ts";
import type { ExpertSteps } from "./adversarial/demonstrations.ts";

/** A family of functions of encoded steps `[B, W]` to `[B, E]`: one member is drawn and stays, another learns to be like it. */
export interface SupportNetwork {
  readonly encoding: StepEncoding;
  readonly network: Network;
  readonly params: ParamTree;
  /** Whether it asks where steps lead. */
  readonly next: boolean;
}

export interface SupportOptions {
  readonly over: StepOver;
  readonly absorbing: boolean;
  readonly rewardHidden: readonly number[];
  readonly embedding: number;
}

/** The networks of the distillation, of which the random and the learned one are two members. */
export function supportNetwork(spaces: Spaces, { over, absorbing, rewardHidden, embedding }: SupportOptions): SupportNetwork {
  const encoding = stepEncoding(spaces, over, { absorbing });
  const network = dense({ in: encoding.width, hidden: rewardHidden, out: embedding, activation: "relu", outputGain: 1 });
  return { encoding, network, params: network.params, next: needsNext(encoding) };
}

/** ‖f_θ − f_ξ‖² of steps `[N]`, and of the absorbing state where there is one. */
export interface Distances {
  readonly of: Float64Array;
  readonly absorbing: number;
}

/** What is made once for a run and can be made again from its state. */
export interface Distillation {
  /** Updates of θ by minibatches of the expert's steps; gives the mean of their losses. */
  learn(state: TrainState, random: Rng, updates: number): Promise<number>;
  distances(theta: Float32Array, steps: StepBatch): Promise<Distances>;
}

const BLOCK = 100;

/**
 * Makes f_θ like f_ξ where the expert has been: θ ← argmin E_expert ‖f_θ(x) − f_ξ(x)‖², x the encoded steps, those that the expert
 * would have spent in the absorbing state included.
 */
export async function distillation(
  { encoding, network, params }: SupportNetwork,
  xi: Float32Array,
  expert: ExpertSteps,
  normal: Normaliser | undefined,
  options: { readonly embedding: number; readonly rewardBatch: number; readonly rewardRate: number },
): Promise<Distillation> {
  const { width: W } = encoding;
  const { embedding: E, rewardBatch: B, rewardRate } = options;
  const program = await compile({ outputs: { z: network(input("x", ["B", W])) }, params });
  const update = await compileUpdate({
    loss: mean(sum(square(sub(network(input("x", ["B", W])), input("y", ["B", E]))), 1)),
    params,
    optimizer: adam({ learningRate: rewardRate }),
    dims: { B },
  });
  const embedded = async (theta: Float32Array, x: Float32Array) => (await program.run({ x, theta })).z as Float32Array;
  const rowsOf = (steps: StepBatch) => {
    const N = steps.terminated.length;
    const x = new Float32Array((N + (encoding.absorbing ? 1 : 0)) * W);
    encodeSteps(encoding, steps, normal, x);
    if (encoding.absorbing) encodeAbsorbing(encoding, x, N);
    return x;
  };
  const N = expert.terminated.length;
  const x = rowsOf(expert);
  const y = Float32Array.from(await embedded(xi, x));
  const absorbed = encoding.absorbing ? expert.absorbed : 0;
  return {
    async learn(state, random, updates) {
      let total = 0;
      for (let done = 0; done < updates; ) {
        const count = Math.min(BLOCK, updates - done);
        const feeds = { x: new Float32Array(count * B * W), y: new Float32Array(count * B * E) };
        for (let k = 0; k < count * B; k++) {
          const away = absorbed > 0 && random.float() * (N + absorbed) >= N;
          const row = away ? N : random.integer(N);
          for (let c = 0; c < W; c++) feeds.x[k * W + c] = x[row * W + c];
          for (let c = 0; c < E; c++) feeds.y[k * E + c] = y[row * E + c];
        }
        const { loss } = await update.run(state, feeds, count);
        for (const value of loss) total += value;
        done += count;
      }
      return total / updates;
    },
    async distances(theta, steps) {
      const rows = rowsOf(steps);
      const said = Float32Array.from(await embedded(xi, rows));
      const learned = await embedded(theta, rows);
      const all = new Float64Array(rows.length / W);
      for (let i = 0; i < learned.length; i++) all[Math.floor(i / E)] += (learned[i] - said[i]) ** 2;
      const n = steps.terminated.length;
      return { of: all.subarray(0, n), absorbing: encoding.absorbing ? all[n] : Infinity };
    },
  };
}

/**
 * σ by which steps at squared distances d, and `absorbed` more in the absorbing state, earn (1/N) Σ exp(−σ dᵢ) = `expertReward`;
 * halving finds it, since the mean falls in σ.
 * @formula red-sharpness
 */
export function sharpness(
  d: Float64Array,
  absorbed: number,
  away: number,
  { expertReward }: { readonly expertReward: number },
): number {
  const mean = (sigma: number) =>
    (d.reduce((sum, value) => sum + Math.exp(-sigma * value), 0) + (absorbed > 0 ? absorbed * Math.exp(-sigma * away) : 0)) /
    (d.length + absorbed);
  let [low, high] = [-30, 60]; // of log₂ σ
  for (let k = 0; k < 80; k++) {
    const middle = (low + high) / 2;
    if (mean(2 ** middle) > expertReward) low = middle;
    else high = middle;
  }
  return 2 ** low;
}

/** r = exp(−σ d); where an episode ended also γ / (1 − γ) exp(−σ d of the absorbing state). */
export function rewardOfDistance(
  { of, absorbing: away }: Distances,
  terminated: Uint8Array,
  sigma: number,
  { absorbing, gamma }: { readonly absorbing: boolean; readonly gamma: number },
): Float64Array {
  const rewards = of.map((d) => Math.exp(-sigma * d));
  if (absorbing) addAbsorbing(rewards, terminated, Math.exp(-sigma * away), gamma);
  return rewards;
}
