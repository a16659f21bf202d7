import type { Rng, TrainState, Update } from "../../../autodiff/index.ts";
import { type Augment, type Minibatch, minibatches, moments, type Pairs, pairs } from "../../../data/index.ts";
import { type Env, size } from "../../../mdp/index.ts";
import {
  ensemblePolicy,
  type NeuralPolicy,
  type Normaliser,
  neuralPolicy,
  normaliser,
  type PolicyModel,
} from "../../../policies/index.ts";
import { type BehaviorCloningOptions, behaviorCloning } from "../behavior-cloning.ts";
import { compileFit } from "../log-loss.ts";

/** π̂, or the members of an ensemble: parameters with the optimizer's vectors, and the normaliser that they share. */
export interface Learner {
  members: TrainState[];
  normaliser: { mean: Float32Array; std: Float32Array } | null;
}

/** One model, or the members of an ensemble. */
export type Models = PolicyModel | readonly PolicyModel[];

export function modelsOf(policy: Models): readonly PolicyModel[] {
  return "forward" in policy ? [policy] : policy;
}

/** The ensembles as one model each, so that its compiled programs are found again. */
const joined = new WeakMap<Models, PolicyModel>();

/** π̂ as a policy; that of an ensemble is what its members say on average. */
export function policyOf({ members, normaliser: normal }: Learner, policy: Models): NeuralPolicy {
  const model = joined.get(policy) ?? ensemblePolicy(modelsOf(policy));
  joined.set(policy, model);
  return neuralPolicy(model, thetaOf(members), normal ?? undefined);
}

/** The members' parameters, one after the other. */
export function thetaOf(members: readonly TrainState[]): Float32Array {
  if (members.length === 1) return members[0].theta;
  const theta = new Float32Array(members.reduce((sum, member) => sum + member.theta.length, 0));
  let at = 0;
  for (const member of members) {
    theta.set(member.theta, at);
    at += member.theta.length;
  }
  return theta;
}

/** What a learner is fitted with. */
export interface Fit {
  readonly models: readonly PolicyModel[];
  readonly augment?: Augment;
  readonly options: BehaviorCloningOptions;
  /** The stream of chance of this fit. */
  readonly stream: Rng;
}

/** A learner as it is before it has seen anything; throws on options that no fit can have. */
export async function untaught(env: Env, { models, options, stream }: Fit): Promise<Learner> {
  const nothing = pairs(env.observation, env.action, new Float32Array(size(env.observation)), new Float32Array(size(env.action)));
  const members: TrainState[] = [];
  for (const [e, policy] of models.entries()) {
    const own = { ...options, normalise: false, seed: stream.split(e).next() };
    members.push((await behaviorCloning.init({ demos: nothing, policy }, own)).learner);
  }
  return { members, normaliser: null };
}

/** π̂ = argmin_π Σ_{(s,a) ∈ ℬ} log 1/π(a | s), found anew by behavior cloning: each round costs as much as ℬ is large. */
export async function refitted(B: Pairs, { models, augment, options, stream }: Fit): Promise<{ learner: Learner; loss: number }> {
  const learner: Learner = { members: [], normaliser: null };
  let loss = 0;
  for (const [e, policy] of models.entries()) {
    const cloning = { demos: B, policy, ...(augment ? { augment } : {}) };
    const clone = await behaviorCloning.init(cloning, { ...options, seed: stream.split(e).next() });
    let last = 0;
    while (!behaviorCloning.done(clone)) last = (await behaviorCloning.iterate(clone, cloning)).loss;
    learner.members.push(clone.learner);
    learner.normaliser ??= clone.normaliser;
    loss += last / models.length;
  }
  return { learner, loss };
}

const BLOCK_ENTRIES = 1 << 19;
const LONGEST = 128;

/** Compiled updates, by the learner's normaliser and model: they are made again after a resumption. */
const compiled = new WeakMap<object, WeakMap<PolicyModel, Promise<Update>>>();

/**
 * M updates with minibatches b drawn from ℬ (slides "DAgger with Logistic Loss"),
 *
 *     θ ← θ - α ∇ (1/|b|) Σ_{(s,a) ∈ b} log 1/π_θ(a | s),
 *
 * going on from θ: every round costs the same. What observations are normalised by is found when ℬ is first used, and stays.
 * Gives a new learner and leaves the old one as it is.
 * @formula dagger-streaming
 */
export async function streamed(
  B: Pairs,
  from: Learner,
  { models, augment, options, stream }: Fit,
  { updates, total }: { readonly updates: number; readonly total: number },
): Promise<{ learner: Learner; loss: number }> {
  const learner: Learner = { members: [], normaliser: from.normaliser };
  if (from.members[0].t === 0 && options.normalise && !models.every(({ scalesItself }) => scalesItself)) {
    learner.normaliser = { ...normaliser(moments(B)) };
  }
  let loss = 0;
  for (const [e, model] of models.entries()) {
    const { theta, slots, t } = from.members[e];
    const member: TrainState = { theta: theta.slice(), slots: slots.map((slot) => slot.slice()), t };
    learner.members.push(member);
    const update = await updateOf(model, learner, options, total);
    const seed = stream.split(e).next();
    const draws = minibatches(B, {
      size: options.batchSize,
      seed,
      withReplacement: true,
      epochs: Infinity,
      ...(augment ? { augment } : {}),
    });
    const room = Math.floor(BLOCK_ENTRIES / (options.batchSize * size(model.observation)));
    const longest = Math.max(1, Math.min(LONGEST, updates, room));
    let block: Minibatch | undefined;
    for (let made = 0, held = 0; made < updates; made += held) {
      const count = Math.min(longest, updates - made);
      if (!block || count !== held) block = draws.block(count);
      held = count;
      draws.fill(block, count);
      const report = await update.run(member, block, count);
      for (let k = 0; k < count; k++) loss += report.loss[k] / (updates * models.length);
    }
  }
  return { learner, loss };
}

function updateOf(model: PolicyModel, learner: Learner, options: BehaviorCloningOptions, total: number): Promise<Update> {
  const key = learner.normaliser ?? options;
  const known = compiled.get(key) ?? new WeakMap<PolicyModel, Promise<Update>>();
  compiled.set(key, known);
  let update = known.get(model);
  if (!update) {
    const weights = Array.isArray(options.classWeights) ? Float32Array.from(options.classWeights) : undefined;
    const normal: Normaliser | undefined = learner.normaliser ?? undefined;
    update = compileFit(model, normal, options, total, weights);
    known.set(model, update);
  }
  return update;
}
