import { type Rng, rng } from "../../autodiff/index.ts";
import { type Augment, actionColumn, extended, type ObservationColumn, observationColumn, pairs } from "../../data/index.ts";
import { type Env, type Expert, mustBeCounts, type Plain, type Policy, size, type VectorEnv } from "../../mdp/index.ts";
import { clockedPolicy, neuralPolicy, type PolicyModel } from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { type BehaviorCloningOptions, behaviorCloning } from "./behavior-cloning.ts";
import { type AskOptions, askDefaults, fill, missing, type Sheet } from "./online/answers.ts";
import { type Learner, refitted } from "./online/learner.ts";
import { mustBeMadeFor } from "./online/made-for.ts";

/** A world, an expert that can be asked, and the family of policies that every step's is chosen from. */
export interface DeepForwardTrainingProblem {
  readonly env: Env;
  readonly expert: Expert;
  readonly policy: PolicyModel;
  /** Changes the pairs of the fits' minibatches as they are drawn. */
  readonly augment?: Augment;
}

/** Everything that behavior cloning has, for the fit of every step, and: */
export interface DeepForwardTrainingOptions extends BehaviorCloningOptions, AskOptions {
  /** Episodes that are played side by side; each of their states is labelled. */
  episodes: number;
  /** Steps H that get a policy of their own; 0 for as many as an episode has. The last one acts from there on. */
  steps: number;
}

/** Plain data. The episodes stand still at step h until its policy is learned. */
export interface DeepForwardTrainingState {
  options: DeepForwardTrainingOptions;
  H: number;
  /** h: policies that were learned. */
  step: number;
  /** The batch of episodes, and what is seen in it, `[episodes, D]`. */
  world: Plain;
  observations: ObservationColumn;
  /** Episodes that have not ended. */
  playing: Int32Array;
  /** θ of π_1, π_2, ..., one after the other. */
  thetas: Float32Array;
  normalisers: Learner["normaliser"][];
  labels: number;
  pending: Sheet | null;
}

export interface DeepForwardTrainingRecord {
  /** h: whose policy was learned. */
  step: number;
  /** Episodes that came that far. */
  states: number;
  /** So far. */
  labels: number;
  /** Mean log loss over this step's labels in the last epoch of the fit, in nats. */
  loss: number;
}

/**
 * Forward training (Ross & Bagnell 2010, Alg. 3.1) for every family of policies: one for each step, in their order, each on
 * the states that the policies before it lead to:
 *
 *     s ~ d_h^{π_1 .. π_{h-1}},   π_h = argmin_π Σ log 1/π(π*(s) | s)
 *
 * All episodes are played at once and wait at step h for its policy, so that every step is played once. The result looks
 * at the clock. Ends early when no episode is left. Throws for a world without a limit unless `steps` is given.
 * @formula forward-training-deep
 */
export const deepForwardTraining: Algorithm<
  DeepForwardTrainingProblem,
  DeepForwardTrainingOptions,
  DeepForwardTrainingState,
  DeepForwardTrainingRecord,
  { policy: Policy }
> = {
  name: "deep-forward-training",
  about: "one network a step, each trained on the states that those before it lead to",
  needs: ["env", "expert", "policy"],
  defaults: { ...behaviorCloning.defaults, ...askDefaults, epochs: 50, episodes: 100, steps: 0 },

  async init({ env, policy }, options) {
    mustBeMadeFor(policy, env);
    const { episodes, steps, seed } = options;
    mustBeCounts({ episodes });
    mustBeCounts({ steps }, 0);
    const H = Math.min(env.maxSteps, steps || Infinity);
    if (H === Infinity) throw new RangeError(`${env.id} has no limit of steps; give steps, so that there is an end`);
    const world = env.vector(episodes, { autoreset: "disabled" });
    const observations = kept(env, world.reset(rng(seed).split("deep forward training").next()));
    return {
      options,
      ...{ H, step: 0, labels: 0, pending: null },
      world: world.state(),
      observations,
      playing: Int32Array.from({ length: episodes }, (_, i) => i),
      thetas: new Float32Array(0),
      normalisers: [],
    };
  },

  async iterate(state, { env, expert, policy, augment }) {
    const { options, playing } = state;
    const stream = streamOf(state);
    const n = playing.length;
    // s ~ d_h under π_1 .. π_{h-1}: where the episodes stand
    state.pending ??= {
      states: rowsAt(state.observations, playing, env),
      labels: actionColumn(env.action, n),
      known: new Uint8Array(n),
      wanted: new Uint8Array(n).fill(1),
    };
    await fill(state.pending, expert, env, options, state.step + 1);
    const { states, labels } = state.pending;
    // π_h: what the expert does there
    const fit = { models: [policy], options, stream: stream.split("fit"), ...(augment ? { augment } : {}) };
    const { learner, loss } = await refitted(pairs(env.observation, env.action, states, labels), fit);
    const { theta } = learner.members[0];
    const piH = neuralPolicy(policy, theta, learner.normaliser ?? undefined);
    const draws = stream.split("actions");
    const chosen = await piH.act(Float32Array.from(states), { rng: Array.from(playing, (i) => draws.split(i)) });

    // From here on nothing waits: the episodes take one step, and the state goes on with them.
    const world = worldOf(state, env);
    const K = size(env.action);
    const actions = actionColumn(env.action, options.episodes);
    playing.forEach((i, k) => {
      for (let j = 0; j < K; j++) actions[i * K + j] = chosen[k * K + j];
    });
    const { observations, terminated, truncated } = world.step(actions);
    state.observations = kept(env, observations);
    state.world = world.state();
    state.playing = playing.filter((i) => terminated[i] === 0 && truncated[i] === 0);
    state.thetas = extended(state.thetas, theta);
    state.normalisers.push(learner.normaliser);
    state.step += 1;
    state.labels += n;
    state.pending = null;
    return { step: state.step, states: n, labels: state.labels, loss };
  },

  done: (state) => state.step >= state.H || state.playing.length === 0,
  progress: (state) => ({ done: state.step, total: state.H, unit: "steps" }),

  async result({ thetas, normalisers }, { policy }) {
    if (normalisers.length === 0) throw new RangeError("forward training has learned nothing before its first round; make one");
    const P = thetas.length / normalisers.length;
    return {
      policy: clockedPolicy(
        normalisers.map((normal, h) => neuralPolicy(policy, thetas.subarray(h * P, (h + 1) * P), normal ?? undefined)),
      ),
    };
  },

  grows: ["thetas"],

  waiting({ pending }) {
    const left = pending ? missing(pending) : 0;
    return left > 0 ? `${left} of ${pending?.wanted.length} labels` : undefined;
  },
};

/** The batch of episodes, live; it is made again after a resumption. */
const worlds = new WeakMap<DeepForwardTrainingState, VectorEnv>();

function worldOf(state: DeepForwardTrainingState, env: Env): VectorEnv {
  let world = worlds.get(state);
  if (!world) {
    world = env.vector(state.options.episodes, { autoreset: "disabled" });
    world.reset(0);
    world.restore(state.world);
    worlds.set(state, world);
  }
  return world;
}

/** A batch of observations as they are kept: a copy, of bytes where the space has only bytes. */
function kept({ observation }: Env, batch: ObservationColumn): ObservationColumn {
  const column = observationColumn(observation, batch.length / size(observation));
  column.set(batch);
  return column;
}

function rowsAt(batch: ObservationColumn, rows: Int32Array, { observation }: Env): ObservationColumn {
  const D = size(observation);
  const column = observationColumn(observation, rows.length);
  rows.forEach((row, k) => {
    column.set(batch.subarray(row * D, (row + 1) * D), k * D);
  });
  return column;
}

function streamOf({ options, step }: DeepForwardTrainingState): Rng {
  return rng(options.seed).split("deep forward training").split(step);
}
