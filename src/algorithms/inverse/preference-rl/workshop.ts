import {
  adamW,
  add,
  cast,
  compileUpdate,
  equal,
  greater,
  input,
  mean,
  mul,
  type Program,
  type Rng,
  reshape,
  slice,
  sub,
  sum,
  type Tensor,
  type TrainState,
  type Update,
} from "../../../autodiff/index.ts";
import { extended } from "../../../data/index.ts";
import type { Env, StepBatch, Trajectory } from "../../../mdp/index.ts";
import type { Normaliser } from "../../../policies/index.ts";
import {
  cautious,
  encodeSteps,
  fragmentLoss,
  fragmentPreference,
  fragmentReturns,
  type StepNetwork,
  standardMembers,
  stepNetwork,
} from "../../../rewards/index.ts";
import { compileValues } from "../adversarial/discriminator.ts";
import { type Answered, type Contradictions, contradictions, nothingAnswered, stepsOf, withAnswers } from "./answered.ts";
import type { PreferenceRlOptions } from "./options.ts";
import { type Witness, witnessed, worldOf } from "./world.ts";

/** What is made once for a run and can be made again from its state. */
export interface Workshop {
  readonly env: Env;
  readonly witness: Witness;
  readonly network: StepNetwork;
  readonly contradictions: Contradictions;
  /** Updates of the members on all that was answered; means over them. */
  fit(members: TrainState, answered: Answered, normal: Normaliser, random: Rng): Promise<Fitted>;
  /** The members' parameters, each in units of its own deviation on what was answered. */
  standard(theta: Float32Array, answered: Answered, normal: Normaliser): Float32Array;
  /** r of steps, `[N]`. */
  judge(theta: Float32Array, steps: StepBatch, normal: Normaliser): Promise<Float64Array>;
  /** Of pairs of fragments, the chance that each member gives to the first: one list a pair. */
  foresee(theta: Float32Array, pairs: readonly (readonly [Trajectory, Trajectory])[], normal: Normaliser): Promise<number[][]>;
}

export interface Fitted {
  rewardLoss: number;
  /** Share of comparisons (ties aside) whose better fragment the members find, in the updates' minibatches. */
  rewardAccuracy: number;
}

/** The rewards among which one is sought. */
export function rewardNetwork(env: Env, { over, rewardHidden, rewardActivation, members }: PreferenceRlOptions): StepNetwork {
  return stepNetwork(env, { over, hidden: rewardHidden, activation: rewardActivation, members });
}

/** Numbers that a block of minibatches may hold. */
const BLOCK_ENTRIES = 1 << 20;
/** Rows that rewards are standardised on. */
const STANDARD_ROWS = 2048;

export async function makeWorkshop(env: Env, options: PreferenceRlOptions, seed: Rng): Promise<Workshop> {
  const { fragmentLength: k, rewardUpdates, rewardBatch: P, members: E, bootstrap, doubt, fragmentGamma } = options;
  const network = rewardNetwork(env, options);
  const { encoding } = network;
  const { width: W } = encoding;
  const update = await compileFit(network, options);
  const values: Program = await compileValues(network);
  const witness: Witness = { rewards: [], ended: [] };
  const draws = seed.split("bootstrap");

  const x: { rows: Float32Array; of: Normaliser | undefined } = { rows: new Float32Array(0), of: undefined };
  let weights: Float32Array = new Float32Array(0);
  /** What was answered, encoded; once for each normaliser. */
  const rowsOf = (answered: Answered, normal: Normaliser): Float32Array => {
    const N = answered.terminated.length;
    if (x.of !== normal || x.rows.length !== N * W) {
      x.rows = new Float32Array(N * W);
      x.of = normal;
      encodeSteps(encoding, stepsOf(answered), normal, x.rows);
    }
    for (let i = weights.length / E; i < answered.choices.length; i++) {
      const random = draws.split(i);
      weights = extended(
        weights,
        Array.from({ length: E }, () => (bootstrap ? poisson(random) : 1)),
      );
    }
    return x.rows;
  };
  const members = async (theta: Float32Array, x: Float32Array) => Object.values(await values.run({ x, theta })) as Float32Array[];

  return {
    env: witnessed(worldOf(env, options), witness),
    witness,
    network,
    contradictions: contradictions(env, k),

    async fit(state, answered, normal, random) {
      const rows = rowsOf(answered, normal);
      const n = answered.choices.length;
      const fragments = 2 * k * W;
      const each = Math.max(1, Math.floor(BLOCK_ENTRIES / (P * fragments)));
      const sums = { loss: 0, right: 0, decided: 0 };
      let order = random.permutation(n);
      let at = 0;
      for (let done = 0; done < rewardUpdates; ) {
        const U = Math.min(each, rewardUpdates - done);
        const feeds = {
          x: new Float32Array(U * P * fragments),
          mu: new Float32Array(U * P),
          weight: new Float32Array(U * P * E),
        };
        for (let row = 0; row < U * P; row++) {
          if (at === n) [order, at] = [random.permutation(n), 0];
          const i = order[at++];
          feeds.x.set(rows.subarray(i * fragments, (i + 1) * fragments), row * fragments);
          feeds.mu[row] = answered.choices[i];
          feeds.weight.set(weights.subarray(i * E, (i + 1) * E), row * E);
        }
        const report = await update.run(state, feeds, U);
        for (const name of ["loss", "right", "decided"] as const) sums[name] += report[name].reduce((sum, own) => sum + own, 0);
        done += U;
      }
      return { rewardLoss: sums.loss / rewardUpdates, rewardAccuracy: sums.decided > 0 ? sums.right / sums.decided : 0.5 };
    },

    standard(theta, answered, normal) {
      const all = rowsOf(answered, normal);
      const N = answered.terminated.length;
      const rows = Math.min(N, STANDARD_ROWS);
      const some = new Float32Array(rows * W);
      for (let row = 0; row < rows; row++) {
        const from = Math.floor((row * N) / rows) * W;
        some.set(all.subarray(from, from + W), row * W);
      }
      return standardMembers(network, theta, some);
    },

    async judge(theta, steps, normal) {
      const x = new Float32Array(steps.terminated.length * W);
      encodeSteps(encoding, steps, normal, x);
      return cautious(await members(theta, x), doubt);
    },

    async foresee(theta, pairs, normal) {
      const some = pairs.map(([first, second]) => ({ first, second, choice: 1 as const }));
      const asked = withAnswers(nothingAnswered(env), some);
      const x = new Float32Array(asked.terminated.length * W);
      encodeSteps(encoding, stepsOf(asked), normal, x);
      const rewards = await members(theta, x);
      const of = (r: Float32Array, fragment: number) => {
        let sum = 0;
        for (let t = k - 1; t >= 0; t--) sum = r[fragment * k + t] + fragmentGamma * sum;
        return sum;
      };
      return pairs.map((_, i) => rewards.map((r) => fragmentPreference(of(r, 2 * i), of(r, 2 * i + 1))));
    },
  };
}

/** φ ← optimizer(φ, ∇ Σ_e mean_i w_ie [−μ_i log p_e − (1 − μ_i) log(1 − p_e)]) on P comparisons of fragments of k steps. */
function compileFit(network: StepNetwork, options: PreferenceRlOptions): Promise<Update> {
  const { fragmentLength: k, rewardBatch: P, members: E, fragmentGamma, noise, rewardRate, rewardDecay } = options;
  const x = input("x", [2 * P * k, network.encoding.width]);
  const mu = input("mu", [P]);
  const weight = input("weight", [P, E]);
  const each = network.forward(x).map(({ g }, e) => {
    const R = reshape(fragmentReturns(g, k, fragmentGamma), [P, 2]);
    const [R1, R2] = [0, 1].map((half) => reshape(slice(R, 1, half, half + 1), [P]));
    const w = reshape(slice(weight, 1, e, e + 1), [P]);
    const right = add(mul(cast(equal(mu, 1), "float32"), above(R1, R2)), mul(cast(equal(mu, 0), "float32"), above(R2, R1)));
    return { loss: mean(mul(w, fragmentLoss(R1, R2, mu, noise))), right: sum(right) };
  });
  const average = (parts: readonly Tensor[]) =>
    mul(
      1 / E,
      parts.reduce((a, b) => add(a, b)),
    );
  return compileUpdate({
    loss: average(each.map(({ loss }) => loss)),
    metrics: {
      right: average(each.map(({ right }) => right)),
      decided: sum(sub(1, cast(equal(mu, 0.5), "float32"))),
    },
    params: network.params,
    optimizer: adamW({ learningRate: rewardRate, weightDecay: rewardDecay }),
  });
}

function above(a: Tensor, b: Tensor): Tensor {
  return cast(greater(a, b), "float32");
}

/** A Poisson draw of mean 1: how often a comparison is drawn where n are drawn of n with replacement, n large. */
function poisson(random: Rng): number {
  let left = random.float();
  let p = Math.exp(-1);
  for (let n = 0; ; n++, p /= n) {
    left -= p;
    if (left < 0 || n > 12) return n;
  }
}
