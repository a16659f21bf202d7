import type { Program } from "../../autodiff/index.ts";
import {
  actionColumn,
  allActions,
  type Dataset,
  minibatches,
  type Pairs,
  pairCount,
  pairReader,
  splitPairs,
} from "../../data/index.ts";
import { describe, sameKind } from "../../mdp/index.ts";
import type { Normaliser, PolicyModel } from "../../policies/index.ts";
import type { BehaviorCloningOptions, BehaviorCloningProblem, BehaviorCloningState } from "./behavior-cloning.ts";
import { countedLogits, tableScore } from "./counting.ts";
import type { Lessons, Score } from "./lessons.ts";
import { compileFit, compileScore } from "./log-loss.ts";

const BLOCK_ENTRIES = 1 << 19;
const SCORE_ROWS = 8192;
/** Numbers of observations that are scored at once: fewer rows of large ones. */
const SCORE_ENTRIES = 1 << 22;

/** Pairs (s, a) in minibatches, many updates a call; a table is counted instead, which is its one update. */
export async function pairLessons(state: BehaviorCloningState, problem: BehaviorCloningProblem): Promise<Lessons> {
  const { options } = state;
  const { policy, augment } = problem;
  const { training, held } = parts(problem, options);
  if (policy.description.kind === "tabular") return tableLessons(policy, options, training, held);
  const normal: Normaliser | undefined = state.normaliser ?? undefined;
  const changes = augment ? { augment } : {};
  const batches = minibatches(training, { size: options.batchSize, seed: options.seed, epochs: Infinity, ...changes });
  if (state.batches) batches.restore(state.batches);
  const perUpdate = batches.block(1).s.length;
  const blockSize = Math.max(1, Math.min(128, state.total, Math.floor(BLOCK_ENTRIES / perUpdate)));
  const block = batches.block(blockSize);
  const update = await compileFit(policy, normal, options, state.total, classWeights(options.classWeights, policy, training));
  const score = held && (await compileScore(policy, normal));
  return {
    perEpoch: Math.ceil(pairCount(training) / options.batchSize),
    async learn(learner, updates) {
      let [loss, gradNorm] = [0, 0];
      for (let left = updates; left > 0; ) {
        const count = Math.min(blockSize, left);
        batches.fill(block, count);
        const { s, a } = block;
        const filled = { s: s.subarray(0, (s.length / blockSize) * count), a: a.subarray(0, (a.length / blockSize) * count) };
        const report = await update.run(learner, filled, count);
        for (let k = 0; k < count; k++) {
          loss += report.loss[k];
          gradNorm += report.gradNorm[k];
        }
        left -= count;
      }
      return { loss, gradNorm };
    },
    ...(held && score ? { validate: (theta: Float32Array) => scoreOn(score, theta, held) } : {}),
    state: () => batches.state(),
  };
}

function tableLessons(
  policy: PolicyModel,
  options: BehaviorCloningOptions,
  training: Dataset | Pairs,
  held: Dataset | Pairs | undefined,
): Lessons {
  return {
    perEpoch: 1,
    async learn(learner) {
      learner.theta = countedLogits(policy, training, options);
      learner.t = 1;
      return { loss: tableScore(policy, learner.theta, training).loss, gradNorm: 0 };
    },
    ...(held ? { validate: async (theta: Float32Array) => tableScore(policy, theta, held) } : {}),
  };
}

/** The training and held-out parts of the demonstrations; the same for the same seed. */
export function parts(
  problem: BehaviorCloningProblem,
  options: BehaviorCloningOptions,
): { training: Dataset | Pairs; held?: Dataset | Pairs } {
  const { demos, validation } = problem;
  if (validation) return { training: demos, held: validation };
  if (!("offsets" in demos)) return { training: demos };
  const n = Math.floor(options.validation * (demos.offsets.length - 1));
  if (n === 0) return { training: demos };
  const { train: training, validation: held } = splitPairs(demos, { validation: options.validation, seed: options.seed });
  return { training, held };
}

async function scoreOn(score: Program, theta: Float32Array, source: Dataset | Pairs): Promise<Score> {
  const reader = pairReader(source);
  const { N, D, K } = reader;
  const rows = Math.max(1, Math.min(SCORE_ROWS, N, Math.floor(SCORE_ENTRIES / D)));
  const which = new Uint32Array(rows);
  const s = new Float32Array(rows * D);
  const a = actionColumn(source.actionSpace, rows);
  let nll = 0;
  let matches: number | undefined;
  for (let from = 0; from < N; from += rows) {
    const n = Math.min(rows, N - from);
    for (let k = 0; k < n; k++) which[k] = from + k;
    reader.read(which, 0, n, s, a, 0);
    const out = await score.run({ s: s.subarray(0, n * D), a: a.subarray(0, n * K), theta });
    nll += out.nll[0];
    if (out.matches) matches = (matches ?? 0) + out.matches[0];
  }
  return matches === undefined ? { loss: nll / N } : { loss: nll / N, accuracy: matches / N };
}

function classWeights(
  option: BehaviorCloningOptions["classWeights"],
  policy: PolicyModel,
  source: Dataset | Pairs,
): Float32Array | undefined {
  if (option === "none") return undefined;
  if (Array.isArray(option)) return Float32Array.from(option);
  if (policy.action.kind !== "discrete")
    throw new TypeError(
      `balanced class weights need one discrete action, found ${describe(policy.action)}; use classWeights none`,
    );
  const counts = new Float64Array(policy.action.n);
  const a = allActions(source);
  for (const choice of a) counts[choice]++;
  return Float32Array.from(counts, (n) => (n > 0 ? a.length / (counts.length * n) : 0));
}

/** Throws unless demonstrations and policy are of one kind. */
export function checkPairs({ demos, policy }: BehaviorCloningProblem): void {
  if (!sameKind(demos.observationSpace, policy.observation) || !sameKind(demos.actionSpace, policy.action)) {
    throw new TypeError(
      `the demonstrations are ${describe(demos.observationSpace)} -> ${describe(demos.actionSpace)}, the policy is ` +
        `${describe(policy.observation)} -> ${describe(policy.action)}; make the policy for the demonstrations' spaces`,
    );
  }
  if (pairCount(demos) === 0) throw new RangeError("the demonstrations have no pairs; record at least one episode");
}
