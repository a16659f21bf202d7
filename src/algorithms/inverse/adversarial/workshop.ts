import { layout, type ParamTree, Rng, rng } from "../../../autodiff/index.ts";
import { actionColumn, deviations, include, noMoments, type RunningMoments } from "../../../data/index.ts";
import {
  actionDistance,
  type Env,
  mustBeBelow,
  mustBeCounts,
  mustBePositive,
  mustNotBeNegative,
  type StepBatch,
  size,
} from "../../../mdp/index.ts";
import { type Normaliser, normaliser } from "../../../policies/index.ts";
import {
  addAbsorbing,
  cautious,
  encodeAbsorbing,
  encodeSteps,
  needsNext,
  rewardForms,
  rewardOfLogit,
  type StepNetwork,
  stepEncoding,
  stepNetwork,
  stepsAbsorbed,
} from "../../../rewards/index.ts";
import type { PpoOptions } from "../../../solvers/index.ts";
import type { AdversarialProblem, AdversarialState } from "../adversarial-irl.ts";
import { demonstrationParts, expertSteps } from "./demonstrations.ts";
import { energyDistance } from "./diagnosis.ts";
import { compileDiscriminator, compileValues, penalisedRows } from "./discriminator.ts";
import { remembered } from "./memory.ts";
import type { AdversarialOptions } from "./options.ts";
import { staggered } from "./staggered.ts";
import { compilePolicy } from "./warm-start.ts";

/** Rows of each kind that the energy distance is taken between, and held-out states that are asked about, in a round. */
const COMPARED = 128;
const ASKED = 512;

/** What is made once for a run and can be made again from its state: the world, compiled programs, buffers. */
export interface Workshop {
  readonly env: Env;
  /** Updates of the discriminator; means over them. */
  train(state: AdversarialState, steps: StepBatch): Promise<Trained>;
  /** The rewards of a round's steps, `[N]`. */
  judge(state: AdversarialState, steps: StepBatch): Promise<Float64Array>;
  /** How far the learner is from the expert, without a reward. */
  compare(state: AdversarialState, steps: StepBatch): Promise<{ distance: number; disagreement?: number }>;
}

export interface Trained {
  discriminatorLoss: number;
  discriminatorEntropy: number;
  discriminatorGradNorm: number;
  expertAccuracy: number;
  learnerAccuracy: number;
}

export async function makeWorkshop(
  state: AdversarialState,
  { env, demos, policy }: AdversarialProblem,
  policyAware: boolean,
): Promise<Workshop> {
  const { options } = state;
  const network = discriminatorOf(env, options);
  const { encoding } = network;
  const { width: W } = encoding;
  const { rewardUpdates: U, rewardBatch: B, gradientPenalty, noise, absorbing, gamma } = options;
  const [D, K, P] = [size(env.observation), size(env.action), layout(policy.params).size];
  const { training, held } = demonstrationParts(demos, options);
  const showing = { ...options, maxSteps: env.maxSteps };
  const expert = expertSteps(training, showing);
  const E = expert.terminated.length;
  const update = await compileDiscriminator(network, options, policyAware);
  const values = await compileValues(network);
  const pi = await compilePolicy(policy);

  const rows = U * 2 * B;
  const feeds = { x: new Float32Array(rows * W), logPi: new Float32Array(rows), u: new Float32Array(U * penalisedRows(options)) };
  const drawn = { s: new Float32Array(rows * D), a: actionColumn(policy.action, rows) };
  const absent = new Uint8Array(rows);
  const absorbingRow = new Float32Array(W);
  if (absorbing) encodeAbsorbing(encoding, absorbingRow, 0);

  // Steps are encoded once, unless their normaliser changes from round to round.
  const moving = options.normalise === "running";
  const perRound = options.copies * options.rolloutSteps;
  const theirs = { ...expert, x: new Float32Array(E * W) };
  const ours = { ...state.memory, x: new Float32Array(options.memory * perRound * W) };
  const encodeAll = (normal: Normaliser | undefined) => {
    encodeSteps(encoding, theirs, normal, theirs.x);
    if (state.memory.rounds > 0) encodeSteps(encoding, ours, normal, ours.x);
  };
  if (!moving) encodeAll(normalOf(state));
  /** Rows of the round that was remembered last. */
  const newestAt = ({ memory }: AdversarialState) => ((memory.rounds - 1) % options.memory) * perRound;
  const newestRows = (own: AdversarialState) => ours.x.subarray(newestAt(own) * W, (newestAt(own) + perRound) * W);

  /** log π(a | s) of rows of raw observations. */
  const logProb = async (own: AdversarialState, s: Float32Array, a: Int32Array | Float32Array): Promise<Float32Array> => {
    const out = await pi.run({ s: seen(s, policyNormal(own)), a, theta: own.generator.learner.theta.subarray(0, P) });
    return out.logPi as Float32Array;
  };

  /** Draws rows `at` to `at + count` from a source of N steps and `absorbed` more in the absorbing state. */
  const draw = (source: typeof theirs | typeof ours, N: number, absorbed: number, random: Rng, at: number, count: number) => {
    for (let k = at; k < at + count; k++) {
      const away = absorbed > 0 && random.float() * (N + absorbed) >= N;
      const row = random.integer(N);
      absent[k] = away ? 1 : 0;
      for (let c = 0; c < W; c++) feeds.x[k * W + c] = away ? absorbingRow[c] : source.x[row * W + c];
      if (!policyAware) continue;
      for (let d = 0; d < D; d++) drawn.s[k * D + d] = source.s[row * D + d];
      for (let j = 0; j < K; j++) drawn.a[k * K + j] = source.a[row * K + j];
    }
  };

  // The same steps of the expert in every round, held-out ones where there are enough.
  const fixed = rng(options.seed).split("compared");
  const reference = held ? expertSteps(held, { ...showing, every: 1 }) : expert;
  const pairRows = stepEncoding(env, "sa");
  const scale = normaliser({ mean: state.shown.mean, std: deviations(state.shown) });
  const chosen = (N: number, most: number, random: Rng) => Array.from({ length: Math.min(N, most) }, () => random.integer(N));
  const encoded = (steps: StepBatch, which: readonly number[]) => {
    const x = new Float32Array(which.length * pairRows.width);
    encodeSteps(pairRows, steps, scale, x, 0, which);
    return x;
  };
  const shown = encoded(reference, chosen(reference.terminated.length, COMPARED, fixed));
  const asked = held && chosen(reference.terminated.length, ASKED, fixed);
  const askedStates = asked && Float32Array.from(asked.flatMap((row) => [...reference.s.subarray(row * D, (row + 1) * D)]));
  const askedActions = actionColumn(env.action, asked?.length ?? 0);
  asked?.forEach((row, k) => {
    for (let j = 0; j < K; j++) askedActions[k * K + j] = reference.a[row * K + j];
  });

  return {
    env: worldOf(env, options),

    async train(state, steps) {
      const random = new Rng(state.stream);
      const { N, absorbed } = remembered(state.memory);
      if (moving) encodeAll(rewardNormal(state));
      else encodeSteps(encoding, steps, rewardNormal(state), ours.x, newestAt(state));
      for (let k = 0; k < U; k++) {
        draw(theirs, E, absorbing ? expert.absorbed : 0, random, k * 2 * B, B);
        draw(ours, N, absorbing ? absorbed : 0, random, (k * 2 + 1) * B, B);
      }
      if (noise > 0) for (let k = 0; k < feeds.x.length; k++) feeds.x[k] += noise * random.normal();
      if (gradientPenalty > 0) for (let k = 0; k < feeds.u.length; k++) feeds.u[k] = random.float();
      if (policyAware) {
        const logPi = await logProb(state, drawn.s, drawn.a);
        for (let k = 0; k < rows; k++) feeds.logPi[k] = absent[k] === 1 ? 0 : logPi[k];
      }
      const report = await update.run(state.discriminator, feeds, U);
      const mean = (name: string) => report[name].reduce((sum, x) => sum + x, 0) / U;
      return {
        discriminatorLoss: mean("loss"),
        discriminatorEntropy: mean("discriminatorEntropy"),
        discriminatorGradNorm: mean("gradNorm"),
        expertAccuracy: mean("expertAccuracy"),
        learnerAccuracy: mean("learnerAccuracy"),
      };
    },

    async judge(state, steps) {
      const N = steps.terminated.length;
      const newest = newestRows(state);
      const x = absorbing ? new Float32Array(newest.length + W) : newest;
      if (absorbing) {
        x.set(newest);
        x.set(absorbingRow, newest.length);
      }
      const f = await values.run({ x, theta: state.discriminator.theta });
      const logPi = policyAware ? await logProb(state, steps.s, steps.a as Int32Array | Float32Array) : undefined;
      const members = Object.values(f).map((own) =>
        Float64Array.from(own as Float32Array, (l, k) => rewardOfLogit(options.rewardForm, k < N && logPi ? l - logPi[k] : l)),
      );
      const all = cautious(members, options.doubt);
      const rewards = absorbing ? all.slice(0, N) : all;
      if (absorbing) addAbsorbing(rewards, steps.terminated, all[N], gamma);
      return rewards;
    },

    async compare(state, steps) {
      const random = new Rng(state.stream);
      const now = encoded(steps, chosen(steps.terminated.length, COMPARED, random));
      const distance = energyDistance(now, shown, pairRows.width);
      if (!askedStates) return { distance };
      const { mode } = await pi.run({
        s: seen(askedStates, policyNormal(state)),
        a: askedActions,
        theta: state.generator.learner.theta.subarray(0, P),
      });
      return { distance, disagreement: actionDistance(env.action, mode as Float32Array, askedActions, asked!.length) };
    },
  };
}

/** The normaliser that the policy of this round sees through. */
function policyNormal({ generator }: AdversarialState): Normaliser | undefined {
  return generator.normaliser ?? undefined;
}

/** What the discriminator's rows are normalised by. */
function rewardNormal(state: AdversarialState): Normaliser | undefined {
  return state.options.normalise === "running" ? policyNormal(state) : normalOf(state);
}

/** The normaliser of the demonstrations' moments; none where nothing is normalised. A choice stays the number it is. */
export function normalOf({ options, shown }: Pick<AdversarialState, "options" | "shown">): Normaliser | undefined {
  return options.normalise === "none" ? undefined : normaliser({ mean: shown.mean, std: deviations(shown) });
}

/** The world that the learner acts in. */
export function worldOf(env: Env, { stagger }: AdversarialOptions): Env {
  return stagger ? staggered(env) : env;
}

/** The moments of the states that are shown. */
export function momentsOf({ s, terminated }: StepBatch): RunningMoments {
  const shown = noMoments(s.length / terminated.length);
  include(shown, s);
  return shown;
}

/** The family of discriminators that the options describe, and whether it asks where steps lead. */
export function discriminatorOf(
  env: Env,
  options: AdversarialOptions,
): StepNetwork & { readonly next: boolean; readonly params: ParamTree } {
  const network = stepNetwork(env, {
    over: options.over,
    hidden: options.rewardHidden,
    activation: options.rewardActivation,
    ...(options.shaping ? { shaping: options.gamma } : {}),
    absorbing: options.absorbing,
    spectral: options.spectral,
    members: options.members,
  });
  return { ...network, next: needsNext(network.encoding) };
}

/** The learner's own options. */
export function ppoOptions(options: AdversarialOptions): PpoOptions {
  const { steps, copies, rolloutSteps, epochs, batchSize, learningRate, schedule, gamma, lambda, clipRange } = options;
  const { valueClip, valueWeight, entropyBonus, clipNorm, targetKl, normaliseAdvantages, scaleRewards, seed } = options;
  return {
    ...{ steps, copies, rolloutSteps, epochs, batchSize, learningRate, schedule, gamma, lambda, clipRange },
    ...{ valueClip, valueWeight, entropyBonus, clipNorm, targetKl, normaliseAdvantages, scaleRewards, seed },
    normalise: options.normalise !== "none",
  };
}

/**
 * Steps in the absorbing state that the episodes which ended in this round would have gone on for. A copy begins another episode
 * where it doesn't stand where its last step led.
 */
export function absorbedSteps(state: AdversarialState, { s, next, terminated }: StepBatch, maxSteps: number): number {
  const { ages, options } = state;
  const n = ages.length;
  const D = s.length / terminated.length;
  let absorbed = 0;
  for (let k = 0; k < terminated.length; k++) {
    const [led, from] = k < n ? [state.stood, k * D] : [next, (k - n) * D];
    let same = led !== null;
    for (let d = 0; d < D && same; d++) same = led![from + d] === s[k * D + d];
    const i = k % n;
    ages[i] = same ? ages[i] + 1 : 1;
    if (terminated[k] === 1) absorbed += stepsAbsorbed(ages[i], { gamma: options.gamma, maxSteps });
  }
  state.stood = next.slice(next.length - n * D);
  return absorbed;
}

/** Observations as the policy's network sees them. */
function seen(s: Float32Array, normal: Normaliser | undefined): Float32Array {
  if (!normal) return s;
  const { mean, std } = normal;
  const D = mean.length;
  return s.map((value, k) => (value - mean[k % D]) / std[k % D]);
}

/** Throws on an option that can't be. */
export function checkOptions(options: AdversarialOptions): void {
  const { rewardUpdates, rewardBatch, memory, members, every, warmStart, settle } = options;
  mustBeCounts({ rewardUpdates, rewardBatch, memory, members, every });
  mustBeCounts({ warmStart, settle }, 0);
  const { rewardRate, rewardDecay, gradientPenalty, noise, rewardEntropy, doubt } = options;
  mustBePositive({ rewardRate });
  mustNotBeNegative({ rewardDecay, gradientPenalty, noise, rewardEntropy, doubt });
  const { labelSmoothing, penaltyShare, validation, absorbing, gamma, rewardForm } = options;
  mustBeBelow(0.5, { labelSmoothing });
  mustBeBelow(1, { validation });
  if (!(penaltyShare > 0 && penaltyShare <= 1))
    throw new RangeError(`penaltyShare is ${penaltyShare}, expected a share above 0 and up to 1`);
  if (absorbing && !(gamma < 1))
    throw new RangeError(`the value of an absorbing state needs gamma < 1, found ${gamma}; discount, or leave it out`);
  if (!rewardForms.includes(rewardForm))
    throw new RangeError(`rewardForm is "${rewardForm}", expected one of ${rewardForms.join(", ")}`);
}
