import {
  adam,
  add,
  compileUpdate,
  input,
  layout,
  linearSchedule,
  mul,
  type ParamTree,
  type Rng,
  slice,
  type Tensor,
  type Update,
} from "../../autodiff/index.ts";
import { actionColumn } from "../../data/index.ts";
import { size, type VectorEnv } from "../../mdp/index.ts";
import type { Normaliser } from "../../policies/index.ts";
import {
  type Explorer,
  explorerOf,
  type Replay,
  recall,
  type Section,
  type SoftQ,
  sectioned,
  softQ,
  twinOf,
} from "../../solvers/index.ts";
import { type ExpertSteps, expertSteps } from "./expert-steps.ts";
import type { SoftState } from "./soft-learner.ts";
import type { SoftLearnerOptions, SoftProblem } from "./soft-options.ts";

// One update of IQ-Learn and SQIL as a program, and the columns of steps that it is fed.

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

/** Actor and Q as one tree. */
export function softTree({ pi, q }: SoftQ): ParamTree {
  return pi ? { pi, q } : { q };
}

/** All parameters as one tree: actor and Q, and the target network where there is one. */
export function wholeTree(soft: SoftQ, { targetRate }: SoftLearnerOptions): ParamTree {
  return targetRate > 0 ? { ...softTree(soft), target: twinOf(soft.q) } : softTree(soft);
}

/** What is made once for a run and can be made again from its state. */
export interface SoftWorkshop {
  readonly update: Update;
  readonly blockSize: number;
  readonly world: VectorEnv | undefined;
  readonly explorer: Explorer | undefined;
  /** Draws the minibatches of `count` updates. */
  fill(count: number, random: Rng, replay: Replay | undefined): Record<string, Float32Array | Int32Array>;
}

const BLOCK_ENTRIES = 1 << 19;

/** The programs and columns of a run. The loss is asked for once. */
export async function softWorkshop<Options extends SoftLearnerOptions>(
  state: SoftState<Options>,
  { demos, policy, env }: SoftProblem,
  lossOf: SoftLoss<Options>,
): Promise<SoftWorkshop> {
  const { options, own } = state;
  const { batchSize: B, gamma, targetRate } = options;
  const normal: Normaliser | undefined = state.normaliser ?? undefined;
  const [D, K] = [size(policy.observation), size(policy.action)];
  const expert = expertSteps(demos, options.subsample, options.seed);
  const R = own ? 2 * B : B;
  const soft = softQ(policy, options, normal);
  const k = soft.noise;

  const tree = wholeTree(soft, options);
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

function sectionsOf({ pi, q }: SoftQ, options: SoftLearnerOptions): Section[] {
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
