import { compile, input, layout, type Rng } from "../../autodiff/index.ts";
import { type ActionColumn, actionColumn } from "../../data/index.ts";
import { type Actions, type Observations, type Reward, size, type VectorEnv } from "../../mdp/index.ts";
import { actionArray, type Normaliser, type Outputs, type PolicyModel } from "../../policies/index.ts";

/** What T steps of n copies leave behind, `[T, n, ...]`. The arrays are used again by the next rollout. */
export interface Rollout {
  readonly T: number;
  readonly n: number;
  /** Observations as the world gave them, `[T + 1, n, D]`; the last row is what comes next. */
  readonly raw: Observations;
  /** The same, shifted and scaled as the networks see them; `raw` itself where nothing is. */
  readonly seen: Observations;
  /** What was drawn from the policy, before it was cut or squashed to the action box. */
  readonly draws: ActionColumn;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** Steps (numbers below T n) at which an episode was cut, and what they led to, as the networks see it. */
  readonly cuts: number[];
  readonly cutSeen: number[];
  /** What a reward is asked about, where it is not the world's own. */
  readonly asked: { readonly a: ActionColumn; readonly next: Observations } | undefined;
  /** Returns (of the world's rewards) and lengths of the episodes that ended; one whose return began as NaN is left out. */
  readonly ended: { readonly returns: number[]; readonly lengths: number[] };
}

/** What every copy's present episode has come to, `[n]`. Plain data. */
export interface Episodes {
  returns: Float64Array;
  lengths: Float64Array;
}

/** Room for a rollout of T steps; `normalised` keeps observations twice, `asked` the steps for a reward function. */
export function rolloutOf(world: VectorEnv, T: number, normalised: boolean, asked: boolean): Rollout {
  const { n, env } = world;
  const D = size(env.observation);
  const N = T * n;
  const raw = new Float32Array((N + n) * D);
  return {
    T,
    n,
    raw,
    seen: normalised ? new Float32Array(raw.length) : raw,
    draws: actionColumn(env.action, N),
    rewards: new Float64Array(N),
    terminated: new Uint8Array(N),
    truncated: new Uint8Array(N),
    cuts: [],
    cutSeen: [],
    asked: asked ? { a: actionColumn(env.action, N), next: new Float32Array(N * D) } : undefined,
    ended: { returns: [], lengths: [] },
  };
}

/** Draws the actions of step t of a rollout from its observations, for all copies in one call. */
export type Actor = (t: number, theta: Float32Array, random: Rng) => Promise<Actions>;

/** The actor of a policy; θ begins with the policy's parameters. The draws are written into the rollout. */
export async function actorInto(rollout: Rollout, policy: PolicyModel): Promise<Actor> {
  const { T, n, seen, draws } = rollout;
  const { head, params, observation, action } = policy;
  const [D, K, P] = [size(observation), size(action), layout(params).size];
  const s = input("s", ["B", D]);
  const program = await compile({ outputs: head.outputs(policy.forward(s)), params, dims: { B: n } });
  // Views are made once: the runtime then keeps what it wraps around each.
  const rows = Array.from({ length: T }, (_, t) => seen.subarray(t * n * D, (t + 1) * n * D));
  const drawn = Array.from({ length: T }, (_, t) => draws.subarray(t * n * K, (t + 1) * n * K));
  const actions = actionArray(action, n);
  let pi: Float32Array = new Float32Array(0);
  let whole: Float32Array | undefined;
  let outputs: Outputs & Record<string, Float32Array> = {};
  return async (t, theta, random) => {
    if (whole !== theta) pi = theta.subarray(0, P);
    whole = theta;
    outputs = (await program.run({ s: rows[t], theta: pi }, outputs)) as Record<string, Float32Array>;
    head.sample(outputs, () => random, actions, drawn[t]);
    return actions;
  };
}

export interface Acting {
  readonly actor: Actor;
  readonly theta: Float32Array;
  readonly random: Rng;
  readonly normal: Normaliser | undefined;
  readonly episodes: Episodes;
}

/**
 * s_t, a_t ~ π_θ(· | s_t), r_t for T steps of every copy, from the observations they stand at; gives those they come to. Throws,
 * naming copy and step, if a reward or an observation is not finite.
 */
export async function collect(
  world: VectorEnv,
  observations: Observations,
  rollout: Rollout,
  acting: Acting,
): Promise<Observations> {
  const { T, n, rewards, terminated, truncated, cuts, cutSeen, asked, ended } = rollout;
  const { actor, theta, random, normal } = acting;
  for (const list of [cuts, cutSeen, ended.returns, ended.lengths]) list.length = 0;
  let now = observations;
  for (let t = 0; t < T; t++) {
    look(world, rollout, now, t, normal);
    const actions = await actor(t, theta, random);
    const step = world.step(actions);
    rewards.set(step.rewards, t * n);
    terminated.set(step.terminated, t * n);
    truncated.set(step.truncated, t * n);
    for (let i = 0; i < n; i++) {
      if (!Number.isFinite(step.rewards[i])) throw notFinite(world, `the reward is ${step.rewards[i]}`, i, t);
      count(rollout, acting, i, step.rewards[i], (step.terminated[i] | step.truncated[i]) === 1);
      if (step.truncated[i] === 1 && step.terminated[i] === 0) keepCut(rollout, t, i, step.finalObservations, normal);
    }
    if (asked) {
      asked.a.set(actions, t * actions.length);
      asked.next.set(step.finalObservations, t * now.length);
    }
    now = step.observations;
  }
  look(world, rollout, now, T, normal);
  return now;
}

/** The rewards of a function in place of the world's. Throws if it doesn't give one finite number for each step. */
export async function relabel(world: VectorEnv, rollout: Rollout, reward: Reward): Promise<void> {
  const { raw, rewards, terminated, asked, T, n } = rollout;
  if (!asked)
    throw new TypeError(`${world.env.id}: the run began without a reward function; give it one from the first round on`);
  const { a, next } = asked;
  const given = await reward({ s: raw.subarray(0, (raw.length / (T + 1)) * T), a, next, terminated });
  if (given.length !== rewards.length) {
    throw new RangeError(
      `the reward function gave ${given.length} numbers for ${rewards.length} steps; expected one for each step`,
    );
  }
  for (let k = 0; k < rewards.length; k++) {
    if (!Number.isFinite(given[k]))
      throw notFinite(world, `the reward function's value is ${given[k]}`, k % n, Math.floor(k / n));
    rewards[k] = given[k];
  }
}

/** Row t of the observations, as they are and as the networks see them: (s - mean) / std. */
function look(world: VectorEnv, { n, raw, seen }: Rollout, now: Observations, t: number, normal: Normaliser | undefined): void {
  const D = now.length / n;
  const from = t * now.length;
  for (let k = 0; k < now.length; k++) {
    if (!Number.isFinite(now[k])) throw notFinite(world, `entry ${k % D} of the observation is ${now[k]}`, Math.floor(k / D), t);
    raw[from + k] = now[k];
  }
  if (!normal) return;
  const { mean, std } = normal;
  for (let k = 0; k < now.length; ) for (let d = 0; d < D; d++, k++) seen[from + k] = (now[k] - mean[d]) / std[d];
}

function count({ ended }: Rollout, { episodes }: Acting, i: number, reward: number, done: boolean): void {
  episodes.returns[i] += reward;
  episodes.lengths[i] += 1;
  if (!done) return;
  if (!Number.isNaN(episodes.returns[i])) {
    ended.returns.push(episodes.returns[i]);
    ended.lengths.push(episodes.lengths[i]);
  }
  episodes.returns[i] = 0;
  episodes.lengths[i] = 0;
}

function keepCut({ cuts, cutSeen, n }: Rollout, t: number, i: number, last: Observations, normal: Normaliser | undefined): void {
  const D = last.length / n;
  cuts.push(t * n + i);
  for (let d = 0; d < D; d++) {
    const value = last[i * D + d];
    cutSeen.push(normal ? (value - normal.mean[d]) / normal.std[d] : value);
  }
}

function notFinite({ env }: VectorEnv, what: string, copy: number, t: number): RangeError {
  return new RangeError(`${env.id}: ${what} in copy ${copy} at step ${t} of the round; expected a finite number from the world`);
}
