import {
  adam,
  add,
  compileUpdate,
  initialise,
  input,
  layout,
  linearSchedule,
  mul,
  type ParamTree,
  Rng,
  rng,
  slice,
  type Tensor,
  type TrainState,
  type Update,
} from "../../autodiff/index.ts";
import { actionColumn, type Dataset, moments, type Pairs } from "../../data/index.ts";
import { describe, type Env, type Plain, sameKind, size, type VectorEnv } from "../../mdp/index.ts";
import { type NeuralPolicy, type Normaliser, neuralPolicy, normaliser, type PolicyModel } from "../../policies/index.ts";
import {
  type Episodes,
  type Explorer,
  explorerOf,
  type Replay,
  recall,
  replayOf,
  type Section,
  type SoftQ,
  sectioned,
  softQ,
  twinOf,
} from "../../solvers/index.ts";
import { type ExpertSteps, expertSteps } from "./expert-steps.ts";

// What IQ-Learn and SQIL share: soft values that are learned from the expert's steps and, online, from the learner's own.

/** The expert's trajectories, the family of policies to choose from, and where the learner may act. */
export interface SoftProblem {
  readonly demos: Dataset | Pairs;
  readonly policy: PolicyModel;
  /** Where the learner gathers steps of its own, if it does. Its rewards are only reported. */
  readonly env?: Env;
}

export interface SoftOptions {
  /** Updates of the parameters in all. */
  updates: number;
  /** The expert's steps in a minibatch; online, as many of the learner's own beside them. */
  batchSize: number;
  learningRate: number;
  /** The learning rate of the actor of real actions. */
  actorRate: number;
  /** Whether the rates stay, or fall in a line to 0 over all updates. */
  schedule: "constant" | "linear";
  gamma: number;
  /** α: what a nat of entropy is worth, in units of reward. */
  temperature: number;
  /** For real actions: the weight of the actor's log loss on the expert's pairs beside its own objective; 0 for none. */
  cloning: number;
  /** For real actions: networks of Q; the least value counts. */
  critics: number;
  /** For real actions: the hidden layers of Q. */
  criticHidden: number[];
  /** τ of the target network that V(s′) is read from; 0 for none, V(s′) is then the learner's own. */
  targetRate: number;
  /** The gradient is shortened to this length; 0 for never. */
  clipNorm: number;
  /** Of every trajectory, every so many-th step is learned from. */
  subsample: number;
  /** Steps of the environment for each update, over all copies; 0 to stay offline. */
  stepsPerUpdate: number;
  /** Copies of the environment that step together. */
  copies: number;
  /** Steps of its own that the learner remembers. */
  capacity: number;
  /** Updates in a round, between which the policy stands still. */
  updatesPerRound: number;
  /** Shift and scale observations by the demonstrations' mean and deviation; kept inside the policy. */
  normalise: boolean;
  seed: number;
}

export const softDefaults: SoftOptions = {
  updates: 3000,
  batchSize: 64,
  learningRate: 1e-3,
  actorRate: 1e-3,
  schedule: "constant",
  gamma: 0.99,
  temperature: 0.02,
  cloning: 0,
  critics: 2,
  criticHidden: [64, 64],
  targetRate: 0.005,
  clipNorm: 0,
  subsample: 1,
  stepsPerUpdate: 0,
  copies: 8,
  capacity: 50_000,
  updatesPerRound: 100,
  normalise: true,
  seed: 0,
};

/** Plain data: all that the next round depends on, copies and memory included. */
export interface SoftState<Options extends SoftOptions> {
  options: Options;
  /** The actor's parameters where there is one, then those of Q, then those of the target network where there is one. */
  learner: TrainState;
  /** The generator that minibatches, noise and actions are drawn from. */
  stream: Uint32Array;
  normaliser: { mean: Float32Array; std: Float32Array } | null;
  /** Steps of the environment made so far, over all copies. */
  steps: number;
  /** The copies as they stand, what their episodes have come to, and the learner's own steps; null offline. */
  own: { worlds: Plain; episodes: Episodes; replay: Replay } | null;
}

/** One round: some steps of the environment, and some updates. Means over the round's updates. */
export interface SoftRecord {
  updates: number;
  /** Steps of the environment so far, over all copies. */
  steps: number;
  loss: number;
  gradNorm: number;
  /** Episodes of the learner that ended in this round, their mean return under the world's reward, their mean length. */
  episodes?: number;
  episodeReturn?: number;
  episodeLength?: number;
}

/** The steps of an update as expressions: the expert's rows come first. */
export interface SoftBatch {
  /** `[R, D]` */
  readonly s: Tensor;
  readonly a: Tensor;
  /** `[R, D]` */
  readonly next: Tensor;
  /** γ V(s′) where the episode went on, 0 where it ended, `[R]`. */
  readonly future: Tensor;
  /** V(s), `[R]`. */
  readonly V: Tensor;
  /** How many rows are the expert's, and how many the learner's. */
  readonly expert: number;
  readonly own: number;
  /** V at first states of the expert's trajectories, `[B]`; made only if asked for. */
  startV(): Tensor;
}

/** What an algorithm makes small, and what it reports beside; the metrics are scalars. */
export type SoftLoss<Options> = (
  soft: SoftQ,
  batch: SoftBatch,
  options: Options,
) => { loss: Tensor; metrics: Readonly<Record<string, Tensor>> };

export async function softInit<Options extends SoftOptions>(
  name: string,
  problem: SoftProblem,
  options: Options,
): Promise<SoftState<Options>> {
  check(name, problem, options);
  const { demos, policy, env } = problem;
  expertSteps(demos, options.subsample, options.seed); // refuses what has no steps
  const random = rng(options.seed);
  const soft = softQ(policy, options);
  const tree = treeOf(soft, options);
  const theta = initialise(tree, random.split("theta"));
  const [P, Q] = [soft.pi ? layout(soft.pi).size : 0, layout(soft.q).size];
  if (options.targetRate > 0) theta.copyWithin(P + Q, P, P + Q);
  const online = options.stepsPerUpdate > 0 ? env : undefined;
  return {
    options,
    learner: { theta, slots: [new Float32Array(theta.length), new Float32Array(theta.length)], t: 0 },
    stream: random.split("draws").words,
    normaliser:
      options.normalise && policy.description.kind !== "tabular" && !policy.scalesItself
        ? { ...normaliser(moments(demos)) }
        : null,
    steps: 0,
    own: online ? begun(online, options) : null,
  };
}

/** One round. The loss is asked for once in a run. */
export async function softRound<Options extends SoftOptions>(
  state: SoftState<Options>,
  problem: SoftProblem,
  loss: SoftLoss<Options>,
): Promise<SoftRecord & Record<string, number>> {
  const { options, learner, own } = state;
  const work = await workshop(state, problem, loss);
  const random = new Rng(state.stream);
  let ended: { returns: number[]; lengths: number[] } | undefined;
  if (own && work.explorer && work.world) {
    // s, a ∼ π(· | s), s′: into the memory
    ended = await work.explorer.explore(stepsOf(options), learner.theta, random, own.replay, own.episodes);
    state.steps += stepsOf(options) * options.copies;
    own.worlds = work.world.state();
  }
  const until = Math.min(options.updates, learner.t + options.updatesPerRound);
  const sums: Record<string, number> = {};
  const first = learner.t;
  while (learner.t < until) {
    const count = Math.min(work.blockSize, until - learner.t);
    const report = await work.update.run(learner, work.fill(count, random, own?.replay), count);
    for (const name in report) for (const value of report[name]) sums[name] = (sums[name] ?? 0) + value;
  }
  const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / (until - first)]));
  return { updates: learner.t, steps: state.steps, ...means, ...(ended ? told(ended) : {}) } as SoftRecord &
    Record<string, number>;
}

/** The policy that goes with the present values. */
export function softPolicy<Options extends SoftOptions>(state: SoftState<Options>, { policy }: SoftProblem): NeuralPolicy {
  const model = softQ(policy, state.options).policy;
  const normal = state.normaliser ?? undefined;
  return neuralPolicy(model, state.learner.theta.subarray(0, layout(model.params).size), normal);
}

/** The stretch of θ that belongs to actor and Q. */
export function softTheta({ pi, q }: SoftQ, learner: TrainState): Float32Array {
  return learner.theta.slice(0, (pi ? layout(pi).size : 0) + layout(q).size);
}

/** Actor and Q as one tree. */
export function softTree({ pi, q }: SoftQ): ParamTree {
  return pi ? { pi, q } : { q };
}

/** What is made once for a run and can be made again from its state. */
interface Workshop {
  readonly update: Update;
  readonly blockSize: number;
  readonly world: VectorEnv | undefined;
  readonly explorer: Explorer | undefined;
  /** Draws the minibatches of `count` updates. */
  fill(count: number, random: Rng, replay: Replay | undefined): Record<string, Float32Array | Int32Array>;
}

const workshops = new WeakMap<object, Promise<Workshop>>();
const BLOCK_ENTRIES = 1 << 19;

function workshop<Options extends SoftOptions>(
  state: SoftState<Options>,
  problem: SoftProblem,
  loss: SoftLoss<Options>,
): Promise<Workshop> {
  let made = workshops.get(state);
  if (!made) {
    made = makeWorkshop(state, problem, loss);
    workshops.set(state, made);
  }
  return made;
}

async function makeWorkshop<Options extends SoftOptions>(
  state: SoftState<Options>,
  { demos, policy, env }: SoftProblem,
  lossOf: SoftLoss<Options>,
): Promise<Workshop> {
  const { options, own } = state;
  const { batchSize: B, gamma, targetRate } = options;
  const normal: Normaliser | undefined = state.normaliser ?? undefined;
  const [D, K] = [size(policy.observation), size(policy.action)];
  const expert = expertSteps(demos, options.subsample, options.seed);
  const R = own ? 2 * B : B;
  const soft = softQ(policy, options, normal);
  const k = soft.noise;

  const tree = treeOf(soft, options);
  const [s, next] = [input("s", [R, D]), input("next", [R, D])];
  const a =
    policy.action.kind === "box" ? input("a", [R, K]) : input("a", policy.action.kind === "discrete" ? [R] : [R, K], "int32");
  const going = input("going", [R]);
  const noise = k > 0 ? input("noise", [R, k]) : undefined;
  const nextNoise = k > 0 ? input("nextNoise", [R, k]) : undefined;
  const nextV = targetRate > 0 ? soft.twinV(tree.target as ParamTree, next, nextNoise) : soft.V(next, nextNoise);
  let starting = false;
  const batch: SoftBatch = {
    s,
    a,
    next,
    future: mul(mul(gamma, going), nextV),
    V: soft.V(s, noise),
    expert: B,
    own: R - B,
    startV() {
      starting = true;
      return soft.V(input("starts", [B, D]), k > 0 ? input("startNoise", [B, k]) : undefined);
    },
  };
  const { loss, metrics } = lossOf(soft, batch, options);
  let actor = soft.actorLoss?.(s, noise!);
  if (actor && soft.actorLogLoss && options.cloning > 0) {
    const cloned = soft.actorLogLoss(slice(s, 0, 0, B), slice(a, 0, 0, B));
    actor = add(actor, mul(options.cloning, cloned));
  }
  const update = await compileUpdate({
    loss: actor ? add(loss, actor) : loss,
    metrics: actor ? { ...metrics, actorLoss: actor } : metrics,
    params: tree,
    optimizer: sectioned(sectionsOf(soft, options)),
    ...(options.clipNorm > 0 ? { clipNorm: options.clipNorm } : {}),
  });

  const perUpdate = R * (2 * D + K + 1 + 2 * k) + (starting ? B * (D + k) : 0);
  const blockSize = Math.max(1, Math.min(128, options.updatesPerRound, Math.floor(BLOCK_ENTRIES / perUpdate)));
  const rows = {
    s: new Float32Array(blockSize * R * D),
    a: actionColumn(policy.action, blockSize * R),
    next: new Float32Array(blockSize * R * D),
    going: new Float32Array(blockSize * R),
  };
  const extra = {
    ...(k > 0 ? { noise: new Float32Array(blockSize * R * k), nextNoise: new Float32Array(blockSize * R * k) } : {}),
    ...(starting ? { starts: new Float32Array(blockSize * B * D) } : {}),
    ...(starting && k > 0 ? { startNoise: new Float32Array(blockSize * B * k) } : {}),
  } as Record<string, Float32Array>;
  const whole: Record<string, Float32Array | Int32Array> = { ...rows, ...extra };
  const world = own && env ? env.vector(options.copies, { autoreset: "same-step" }) : undefined;
  const shown = own && world ? world.restore(own.worlds) : undefined;
  return {
    update,
    blockSize,
    world,
    explorer: world && shown ? await explorerOf(world, shown, soft.policy, normal) : undefined,
    fill(count, random, replay) {
      for (let u = 0; u < count; u++) {
        recall(expert.steps, random, B, rows, u * R);
        if (replay) recall(replay, random, B, rows, u * R + B);
      }
      for (const name in extra) {
        const length = (extra[name].length / blockSize) * count;
        if (name === "starts") drawStarts(expert, random, extra[name].subarray(0, length), D);
        else for (let i = 0; i < length; i++) extra[name][i] = random.normal();
      }
      if (count === blockSize) return whole;
      return Object.fromEntries(
        Object.entries(whole).map(([name, column]) => [name, column.subarray(0, (column.length / blockSize) * count)]),
      );
    },
  };
}

function drawStarts({ starts }: ExpertSteps, random: Rng, into: Float32Array, D: number): void {
  const n = starts.length / D;
  for (let at = 0; at < into.length; at += D) {
    const from = random.integer(n) * D;
    for (let d = 0; d < D; d++) into[at + d] = starts[from + d];
  }
}

function treeOf(soft: SoftQ, { targetRate }: SoftOptions): ParamTree {
  return targetRate > 0 ? { ...softTree(soft), target: twinOf(soft.q) } : softTree(soft);
}

function sectionsOf({ pi, q }: SoftQ, options: SoftOptions): Section[] {
  const { learningRate, actorRate, targetRate, schedule, updates } = options;
  const rate = (first: number) => (schedule === "linear" ? linearSchedule(first, updates) : first);
  const P = pi ? layout(pi).size : 0;
  const Q = layout(q).size;
  return [
    ...(pi ? [{ size: P, optimizer: adam({ learningRate: rate(actorRate) }) }] : []),
    { size: Q, optimizer: adam({ learningRate: rate(learningRate) }) },
    ...(targetRate > 0 ? [{ size: Q, follows: P, rate: targetRate }] : []),
  ];
}

/** Steps of every copy in a round. */
function stepsOf({ updatesPerRound, stepsPerUpdate, copies }: SoftOptions): number {
  return Math.max(1, Math.round((updatesPerRound * stepsPerUpdate) / copies));
}

function begun(env: Env, { copies, capacity, seed }: SoftOptions): NonNullable<SoftState<SoftOptions>["own"]> {
  const world = env.vector(copies, { autoreset: "same-step" });
  world.reset(seed);
  return {
    worlds: world.state(),
    episodes: { returns: new Float64Array(copies), lengths: new Float64Array(copies) },
    replay: replayOf(env.observation, env.action, capacity),
  };
}

function told({ returns, lengths }: { returns: number[]; lengths: number[] }): Partial<SoftRecord> {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  if (returns.length === 0) return { episodes: 0 };
  return { episodes: returns.length, episodeReturn: mean(returns), episodeLength: mean(lengths) };
}

function check(name: string, { demos, policy, env }: SoftProblem, options: SoftOptions): void {
  const spaces = [
    [`the demonstrations are`, demos.observationSpace, demos.actionSpace] as const,
    ...(env ? [[`${env.id} is`, env.observation, env.action] as const] : []),
  ];
  for (const [who, observation, action] of spaces) {
    if (!sameKind(observation, policy.observation) || !sameKind(action, policy.action)) {
      throw new TypeError(
        `${who} ${describe(observation)} -> ${describe(action)}, the policy is ${describe(policy.observation)} -> ` +
          `${describe(policy.action)}; use demonstrations, environment and policy of the same spaces`,
      );
    }
  }
  const { updates, batchSize, subsample, copies, capacity, updatesPerRound, critics } = options;
  for (const [option, value] of Object.entries({ updates, batchSize, subsample, copies, capacity, updatesPerRound, critics })) {
    if (!(Number.isSafeInteger(value) && value > 0)) throw new RangeError(`${option} is a positive whole number, found ${value}`);
  }
  const { learningRate, actorRate, temperature } = options;
  for (const [option, value] of Object.entries({ learningRate, actorRate, temperature })) {
    if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`${option} is a positive number, found ${value}`);
  }
  const { gamma, targetRate, stepsPerUpdate, clipNorm } = options;
  for (const [option, value] of Object.entries({ gamma, targetRate })) {
    if (!(value >= 0 && value <= 1)) throw new RangeError(`${option} is a number from 0 to 1, found ${value}`);
  }
  for (const [option, value] of Object.entries({ stepsPerUpdate, clipNorm })) {
    if (!(value >= 0 && Number.isFinite(value))) throw new RangeError(`${option} is a number from 0 on, found ${value}`);
  }
  if (stepsPerUpdate > 0 && !env) {
    throw new TypeError(
      `${name} learns online with stepsPerUpdate ${stepsPerUpdate}, but has no environment; give env, or stepsPerUpdate 0`,
    );
  }
}
