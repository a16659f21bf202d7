import { initialise, layout, Rng, rng, type TrainState } from "../../autodiff/index.ts";
import { moments } from "../../data/index.ts";
import { type Env, madeOnce, type Plain } from "../../mdp/index.ts";
import { type NeuralPolicy, neuralPolicy, normaliser } from "../../policies/index.ts";
import { type Episodes, type Replay, replayOf, type SoftQ, softQ } from "../../solvers/index.ts";
import { expertSteps } from "./expert-steps.ts";
import { checkSoft, type SoftLearnerOptions, type SoftProblem } from "./soft-options.ts";
import { type SoftLoss, type SoftWorkshop, softWorkshop, wholeTree } from "./soft-update.ts";

// What IQ-Learn and SQIL share: soft values that are learned from the expert's steps and, online, from the learner's own.

/** Plain data: all that the next round depends on, copies and memory included. */
export interface SoftState<Options extends SoftLearnerOptions> {
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

export async function softInit<Options extends SoftLearnerOptions>(
  name: string,
  problem: SoftProblem,
  options: Options,
): Promise<SoftState<Options>> {
  checkSoft(name, problem, options);
  const { demos, policy, env } = problem;
  expertSteps(demos, options.subsample, options.seed); // refuses what has no steps
  const random = rng(options.seed);
  const soft = softQ(policy, options);
  const tree = wholeTree(soft, options);
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
export async function softRound<Options extends SoftLearnerOptions>(
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
export function softPolicy<Options extends SoftLearnerOptions>(state: SoftState<Options>, { policy }: SoftProblem): NeuralPolicy {
  const model = softQ(policy, state.options).policy;
  const normal = state.normaliser ?? undefined;
  return neuralPolicy(model, state.learner.theta.subarray(0, layout(model.params).size), normal);
}

/** The stretch of θ that belongs to actor and Q. */
export function softTheta({ pi, q }: SoftQ, learner: TrainState): Float32Array {
  return learner.theta.slice(0, (pi ? layout(pi).size : 0) + layout(q).size);
}

const workshop: <Options extends SoftLearnerOptions>(
  state: SoftState<Options>,
  problem: SoftProblem,
  loss: SoftLoss<Options>,
) => Promise<SoftWorkshop> = madeOnce(softWorkshop);

/** Steps of every copy in a round. */
function stepsOf({ updatesPerRound, stepsPerUpdate, copies }: SoftLearnerOptions): number {
  return Math.max(1, Math.round((updatesPerRound * stepsPerUpdate) / copies));
}

function begun(env: Env, { copies, capacity, seed }: SoftLearnerOptions): NonNullable<SoftState<SoftLearnerOptions>["own"]> {
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
