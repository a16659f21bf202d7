import type { rng } from "../../autodiff/index.ts";
import { count, type Dataset, trajectoryAt } from "../../data/index.ts";
import { type Actions, describe, type Env, type Expert, misfit, type Observations } from "../../mdp/index.ts";

/**
 * What the algorithms share whose policies look at the clock: π_h(a | s) as one table `[H, S, A]`, found by counting, and
 * episodes in which every copy is at the same step.
 */

/** The sizes of a world of states, actions and steps. */
export interface Sizes {
  readonly S: number;
  readonly A: number;
  readonly H: number;
}

/** The sizes of an environment. Throws unless observations and actions are discrete and episodes have a limit. */
export function sizesOf(env: Env, method: string): Sizes {
  const { observation, action, maxSteps } = env;
  if (observation.kind !== "discrete" || action.kind !== "discrete") {
    throw new TypeError(
      `${method} needs discrete observations and actions, found ${describe(observation)} and ${describe(action)} in ${env.id}`,
    );
  }
  if (maxSteps === Infinity) throw new RangeError(`${method} needs episodes of limited length, ${env.id} has no limit of steps`);
  return { S: observation.n, A: action.n, H: maxSteps };
}

/** Pairs as they come in, counted by step: n_h(s, a), `[H, S, A]`. */
export function countInto(
  counts: Float64Array,
  { S, A }: Sizes,
  h: number,
  states: ArrayLike<number>,
  actions: ArrayLike<number>,
): void {
  for (let i = 0; i < states.length; i++) counts[(h * S + states[i]) * A + actions[i]]++;
}

/** π(a | s) = n(s, a) / Σ_b n(s, b), row by row, and uniform where nothing was counted: `[.., A]` to `[.., A]`. */
export function frequencies(counts: Float64Array, A: number): Float64Array {
  const pi = new Float64Array(counts.length);
  for (let first = 0; first < counts.length; first += A) {
    let sum = 0;
    for (let i = first; i < first + A; i++) sum += counts[i];
    for (let i = first; i < first + A; i++) pi[i] = sum > 0 ? counts[i] / sum : 1 / A;
  }
  return pi;
}

/** The counts of all steps together in every step. */
export function pooled(counts: Float64Array, { S, A, H }: Sizes): Float64Array {
  const all = new Float64Array(S * A);
  for (let i = 0; i < counts.length; i++) all[i % (S * A)] += counts[i];
  const out = new Float64Array(H * S * A);
  for (let h = 0; h < H; h++) out.set(all, h * S * A);
  return out;
}

/**
 * Behavior cloning over all policies that look at the clock, the exact minimiser of the log loss:
 *
 *     π_h(a | s) = n_h(s, a) / Σ_b n_h(s, b)
 *
 * `[H, S, A]`, uniform where no demonstration has been. Throws if the demonstrations are not of states and choices, or
 * longer than `H` steps.
 * @formula log-loss-steps
 */
export function countedBySteps(demos: Dataset, { H }: { readonly H: number }): Float64Array {
  const { observationSpace: observation, actionSpace: action } = demos;
  if (observation.kind !== "discrete" || action.kind !== "discrete") {
    throw new TypeError(
      `counting needs discrete observations and actions, found ${describe(observation)} and ${describe(action)}`,
    );
  }
  const sizes = { S: observation.n, A: action.n, H };
  const counts = new Float64Array(H * sizes.S * sizes.A);
  for (let i = 0; i < count(demos); i++) {
    const tau = trajectoryAt(demos, i);
    const T = tau.rewards.length;
    if (T > H) throw new RangeError(`trajectory ${i} has ${T} steps, expected at most H = ${H}`);
    for (let h = 0; h < T; h++) countInto(counts, sizes, h, [tau.observations[h]], [tau.actions[h]]);
  }
  return frequencies(counts, sizes.A);
}

/**
 * `n` episodes of at most `steps` steps, all at the same step: `choose` is asked once a step for the actions in the states
 * of the episodes that have not ended, and may keep what it sees. The same seed gives the same chances.
 */
export async function playBySteps(
  env: Env,
  { n, steps, seed }: { readonly n: number; readonly steps: number; readonly seed: number },
  choose: (h: number, states: Observations) => Actions | Promise<Actions>,
): Promise<void> {
  const world = env.vector(n, { autoreset: "disabled" });
  const actions = new Int32Array(n);
  let observations = world.reset(seed);
  let playing = Array.from({ length: n }, (_, i) => i);
  for (let h = 0; h < steps && playing.length > 0; h++) {
    const chosen = await choose(
      h,
      Float32Array.from(playing, (i) => observations[i]),
    );
    playing.forEach((i, k) => {
      actions[i] = chosen[k];
    });
    const step = world.step(actions);
    observations = step.observations;
    playing = playing.filter((i) => step.terminated[i] === 0 && step.truncated[i] === 0);
  }
}

/** Draws from π_h(. | s) for every state. */
export function drawFrom(
  pi: Float64Array,
  { S, A }: Sizes,
  h: number,
  states: Observations,
  random: ReturnType<typeof rng>,
): Int32Array {
  return Int32Array.from(states, (s) => random.categorical(pi, (h * S + s) * A, A));
}

/** The expert's choices in these states. Throws on a wrong number of them, or one that doesn't exist, naming the state. */
export async function labelled(expert: Expert, states: Observations, { action, id }: Env): Promise<Actions> {
  const answers = await expert.label(states);
  if (answers.length !== states.length)
    throw new RangeError(`the expert gave ${answers.length} labels for ${states.length} states of ${id}, expected one each`);
  for (let i = 0; i < states.length; i++) {
    const wrong = misfit(action, answers, i);
    if (wrong) throw new RangeError(`the expert's label of state ${states[i]} does not fit ${describe(action)}: ${wrong}`);
  }
  return answers;
}
