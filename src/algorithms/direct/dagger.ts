import { type Rng, rng } from "../../autodiff/index.ts";
import {
  type ActionColumn,
  type Augment,
  actionColumn,
  type Dataset,
  type ObservationColumn,
  observationColumn,
  type Pairs,
  pairColumns,
  pairCount,
  pairs,
  reals,
  visitColumns,
} from "../../data/index.ts";
import {
  type Actions,
  describe,
  type Env,
  type Expert,
  misfit,
  type Observations,
  type Policy,
  sameKind,
  size,
} from "../../mdp/index.ts";
import { actionArray, type NeuralPolicy, neuralPolicy, type PolicyModel } from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { type BehaviorCloningOptions, behaviorCloning } from "./behavior-cloning.ts";

/** A world, an expert that can be asked, and the family of policies to choose from. */
export interface DaggerProblem {
  readonly env: Env;
  readonly expert: Expert;
  readonly policy: PolicyModel;
  /** What ℬ holds before the first round: π̂_1 is cloned from it. Without it π̂_1 is the policy as it is initialised. */
  readonly demos?: Dataset | Pairs;
  /** Changes the pairs of the fits' minibatches as they are drawn. */
  readonly augment?: Augment;
}

/** Everything that behavior cloning has, for the fit of every round, and: */
export interface DaggerOptions extends BehaviorCloningOptions {
  rounds: number;
  /** States N that are visited and labelled each round. */
  states: number;
  /** β_1, β_2, ...: the chance that the expert acts, at every step of a round; 0 after the last of them. */
  beta: number[];
  /** The learner acts by its most likely action instead of a draw. */
  deterministic: boolean;
}

/** Plain data: all that the next round depends on. Every round's episodes and draws follow a stream of the seed. */
export interface DaggerState {
  options: DaggerOptions;
  /** Rounds made. */
  round: number;
  /** ℬ: every labelled state so far, `[*, D]` and `[*, K]`. */
  data: { observations: ObservationColumn; actions: ActionColumn };
  /** Labels the expert was asked for, and steps it acted in. Where it acts alone the two are the same answers. */
  labels: number;
  expertSteps: number;
  learner: { theta: Float32Array; normaliser: { mean: Float32Array; std: Float32Array } | null };
}

/** One round: who acted, what was asked, how the fit went. */
export interface DaggerRecord {
  round: number;
  beta: number;
  /** |ℬ| */
  states: number;
  /** Labels asked for so far, in all rounds. */
  labels: number;
  expertSteps: number;
  /** Mean log loss over ℬ in the last epoch of the fit, in nats. */
  loss: number;
  /** For choices: the share of this round's states in which the learner that visited them would not have done as the expert says. */
  mismatch?: number;
}

/**
 * DAgger (Ross, Gordon & Bagnell 2011, Alg. 3.1; slides "Dataset Aggregation"). In round i
 *
 *     π_i = β_i π* + (1 - β_i) π̂_i,   s_1 .. s_N ~ d^π_i,   a_n = π*(s_n),   ℬ ← ℬ ∪ {(s_n, a_n)}
 *     π̂_{i+1} = argmin_π Σ_{(s,a) ∈ ℬ} log 1/π(a | s)
 *
 * with the refit by behavior cloning, so that it works for every family of policies; tables are fitted exactly. By default
 * β_i = 1{i = 1}: the expert shows the first round and never acts again. Throws if world and policy don't fit together, on a
 * β outside of [0, 1], and if the expert answers with a wrong number of actions or one outside of their space.
 * @formula dagger
 */
export const dagger: Algorithm<DaggerProblem, DaggerOptions, DaggerState, DaggerRecord, { policy: NeuralPolicy; demos: Pairs }> =
  {
    name: "dagger",
    about: "dataset aggregation: the expert labels the states that the learner visits",
    defaults: { ...behaviorCloning.defaults, rounds: 10, states: 500, beta: [1], deterministic: false },

    async init(problem, options) {
      check(problem, options);
      const { env, policy, demos } = problem;
      const first = demos
        ? pairColumns(demos)
        : { observations: observationColumn(env.observation, 0), actions: actionColumn(env.action, 0) };
      const { theta } = (await behaviorCloning.init({ demos: onePair(env), policy }, { ...options, normalise: false })).learner;
      const state: DaggerState = {
        options,
        round: 0,
        data: first,
        labels: 0,
        expertSteps: 0,
        learner: { theta, normaliser: null },
      };
      if (demos) await refit(state, problem);
      return state;
    },

    async iterate(state, problem) {
      const { options } = state;
      const { env, expert } = problem;
      const beta = options.beta[state.round] ?? 0;
      const streams = roundStreams(state);
      const piHat = learnerOf(state, problem);
      // s_1, ..., s_N ~ d^π_i, where π_i = β_i π* + (1 - β_i) π̂_i
      const { actor, expertSteps } = mixed(problem, piHat, beta, options.deterministic);
      const visited = await visitColumns(env, actor, { n: options.states, seed: seedFrom(streams.split("episodes")) });
      // a_n = π*(s_n); where the expert alone has acted, it has said so already
      const labels = beta === 1 ? visited.actions : await ask(expert, visited.states, env);
      const mismatch = beta === 1 ? undefined : await differing(piHat, visited.states, labels);
      // ℬ ← ℬ ∪ {(s_1, a_1), ..., (s_N, a_N)}
      append(state, env, visited.states, labels);
      state.round += 1;
      state.labels += options.states;
      state.expertSteps += expertSteps();
      // π̂_{i+1} = argmin Σ_{(s,a) ∈ ℬ} log 1/π(a | s)
      const loss = await refit(state, problem);
      return {
        round: state.round,
        beta,
        states: pairCount(pairsOf(state, env)),
        labels: state.labels,
        expertSteps: state.expertSteps,
        loss,
        ...(mismatch === undefined ? {} : { mismatch }),
      };
    },

    done: (state) => state.round >= state.options.rounds,
    progress: (state) => ({ done: state.round, total: state.options.rounds, unit: "rounds" }),

    async result(state, problem) {
      return { policy: learnerOf(state, problem), demos: pairsOf(state, problem.env) };
    },
  };

/** β_i = p^(i-1) for the given number of rounds (Ross et al. 2011). */
export function exponentialBeta(p: number, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, i) => p ** i);
}

/** β_i falls in a line from 1 to 0 over the given number of rounds. */
export function linearBeta(rounds: number): number[] {
  return Array.from({ length: rounds }, (_, i) => 1 - i / rounds);
}

/** Fits π̂ to all of ℬ, anew; gives the loss of the last epoch. */
async function refit(state: DaggerState, problem: DaggerProblem): Promise<number> {
  const { augment } = problem;
  const cloning = { demos: pairsOf(state, problem.env), policy: problem.policy, ...(augment ? { augment } : {}) };
  const clone = await behaviorCloning.init(cloning, { ...state.options, seed: seedFrom(roundStreams(state).split("fit")) });
  let loss = 0;
  while (!behaviorCloning.done(clone)) loss = (await behaviorCloning.iterate(clone, cloning)).loss;
  state.learner = { theta: clone.learner.theta, normaliser: clone.normaliser };
  return loss;
}

function learnerOf(state: DaggerState, { policy }: DaggerProblem): NeuralPolicy {
  return neuralPolicy(policy, state.learner.theta, state.learner.normaliser ?? undefined);
}

function pairsOf({ data }: DaggerState, env: Env): Pairs {
  return pairs(env.observation, env.action, data.observations, data.actions);
}

function append({ data }: DaggerState, { observation, action }: Env, states: ObservationColumn, labels: Actions): void {
  const observations = observationColumn(observation, (data.observations.length + states.length) / size(observation));
  observations.set(data.observations);
  observations.set(states, data.observations.length);
  const actions = actionColumn(action, (data.actions.length + labels.length) / size(action));
  actions.set(data.actions);
  actions.set(labels, data.actions.length);
  data.observations = observations;
  data.actions = actions;
}

/** π_i = β π* + (1 - β) π̂, by a coin at every step; and how many steps the expert has acted in. */
function mixed(
  { env, expert }: DaggerProblem,
  piHat: NeuralPolicy,
  beta: number,
  deterministic: boolean,
): { actor: Policy; expertSteps: () => number } {
  let steps = 0;
  const K = size(env.action);
  const D = size(env.observation);
  const act: Policy["act"] = async (s, { rng: random } = {}) => {
    const draws = random as readonly Rng[];
    const theirs = Array.from(draws.keys()).filter((i) => beta === 1 || (beta > 0 && draws[i].float() < beta));
    steps += theirs.length;
    if (theirs.length === draws.length) return ask(expert, s, env);
    const own = await piHat.act(s, { deterministic, rng: draws });
    if (theirs.length === 0) return own;
    const rows = new Float32Array(theirs.length * D);
    theirs.forEach((i, k) => {
      rows.set(s.subarray(i * D, (i + 1) * D), k * D);
    });
    const answers = await ask(expert, rows, env);
    const actions = actionArray(env.action, draws.length);
    actions.set(own);
    theirs.forEach((i, k) => {
      actions.set(answers.subarray(k * K, (k + 1) * K), i * K);
    });
    return actions;
  };
  return { actor: { observation: env.observation, action: env.action, act }, expertSteps: () => steps };
}

/** How many numbers of observations are handed on at once: pictures become reals by the hundred, not all at the same time. */
const AT_ONCE = 1 << 22;

/** The answers to all states, asked for in parts where the states are large. */
async function inParts(states: ObservationColumn, D: number, K: number, answer: (s: Observations) => Actions | Promise<Actions>) {
  const rows = Math.max(1, Math.floor(AT_ONCE / D));
  const n = states.length / D;
  if (n <= rows) return answer(reals(states));
  let all: Actions | undefined;
  for (let from = 0; from < n; from += rows) {
    const part = await answer(reals(states, from * D, Math.min(n, from + rows) * D));
    all ??= new (part.constructor as Float32ArrayConstructor)(n * K);
    all.set(part, from * K);
  }
  return all!;
}

/** The expert's answers, checked. */
async function ask(expert: Expert, states: ObservationColumn, { observation, action }: Env): Promise<Actions> {
  const n = states.length / size(observation);
  const K = size(action);
  const answers = await inParts(states, size(observation), K, (s) => expert.label(s));
  if (answers.length !== n * K) {
    throw new RangeError(
      `the expert gave ${answers.length} numbers for ${n} states, expected ${n * K} (${describe(action)} each)`,
    );
  }
  for (let i = 0; i < n; i++) {
    const wrong = misfit(action, answers, i * K);
    if (wrong) throw new RangeError(`the expert's label of state ${i} of ${n} does not fit ${describe(action)}: ${wrong}`);
  }
  return answers;
}

/** The share of states whose label is not the learner's most likely choice; `undefined` for real actions. */
async function differing(piHat: NeuralPolicy, states: ObservationColumn, labels: Actions): Promise<number | undefined> {
  if (piHat.action.kind === "box") return undefined;
  const K = size(piHat.action);
  const own = await inParts(states, size(piHat.observation), K, (s) => piHat.act(s, { deterministic: true }));
  let differ = 0;
  for (let i = 0; i < own.length; i += K) {
    for (let k = i; k < i + K; k++) {
      if (own[k] === labels[k]) continue;
      differ++;
      break;
    }
  }
  return (differ * K) / own.length;
}

/** The streams of chance of the round that `state` is about to make, or has just made its episodes for. */
function roundStreams({ options, round }: DaggerState): Rng {
  return rng(options.seed).split("dagger").split(round);
}

function seedFrom(stream: Rng): number {
  return stream.next();
}

/** One pair of zeros: with it behavior cloning checks its options and gives the parameters that learning starts from. */
function onePair({ observation, action }: Env): Pairs {
  return pairs(observation, action, new Float32Array(size(observation)), new Float32Array(size(action)));
}

function check({ env, policy, demos }: DaggerProblem, { rounds, states, beta }: DaggerOptions): void {
  for (const [what, own, theirs] of [
    ["observations", policy.observation, env.observation],
    ["actions", policy.action, env.action],
    ["observations", demos?.observationSpace, env.observation],
    ["actions", demos?.actionSpace, env.action],
  ] as const) {
    if (own === undefined || sameKind(own, theirs)) continue;
    const whose = own === policy.observation || own === policy.action ? "policy is made for" : "demonstrations have";
    throw new TypeError(`the ${whose} ${what} ${describe(own)}, ${env.id} has ${describe(theirs)}; make it for ${env.id}`);
  }
  for (const [name, value] of Object.entries({ rounds, states })) {
    if (!(Number.isInteger(value) && value > 0)) throw new RangeError(`${name} is a positive whole number, found ${value}`);
  }
  const wrong = beta.findIndex((b) => !(b >= 0 && b <= 1));
  if (wrong >= 0) throw new RangeError(`beta of round ${wrong + 1} is ${beta[wrong]}, expected a chance from 0 to 1`);
}
