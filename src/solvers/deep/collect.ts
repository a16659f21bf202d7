import type { Program, Rng } from "../../autodiff/index.ts";
import { type ActionColumn, actionColumn } from "../../data/index.ts";
import { type Actions, type Reward, size, type VectorEnv } from "../../mdp/index.ts";
import type { Head, Normaliser, Outputs } from "../../policies/index.ts";

/** What T steps of n copies leave behind, `[T, n, ...]`; the arrays are used again by the next rollout. */
export interface Rollout {
  readonly T: number;
  readonly n: number;
  /** Observations as the world gave them, `[T + 1, n, D]`; the last row is what comes next. */
  readonly raw: Float32Array;
  /** The same, shifted and scaled as the networks see them; `raw` itself where nothing is. */
  readonly seen: Float32Array;
  /** What was drawn from the policy, before it was brought into the action box. */
  readonly draws: ActionColumn;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** Steps (rows of `[T n]`) whose episode was cut, and the observations they led to, as the networks see them. */
  readonly cuts: number[];
  readonly cutSeen: number[];
  /** What a learned reward is asked about; absent where the world's own is used. */
  readonly asked?: { readonly a: ActionColumn; readonly next: Float32Array };
  /** Returns (of the world's rewards) and lengths of the episodes that ended. */
  readonly ended: { returns: number[]; lengths: number[] };
}

/** What every copy's present episode has come to. Plain data. */
export interface Episodes {
  returns: Float64Array;
  lengths: Float64Array;
}

export function rolloutOf(world: VectorEnv, T: number, normalise: boolean, reward: boolean): Rollout {
  const { n, env } = world;
  const D = size(env.observation);
  const raw = new Float32Array((T + 1) * n * D);
  return {
    T,
    n,
    raw,
    seen: normalise ? new Float32Array(raw.length) : raw,
    draws: actionColumn(env.action, T * n),
    rewards: new Float64Array(T * n),
    terminated: new Uint8Array(T * n),
    truncated: new Uint8Array(T * n),
    cuts: [],
    cutSeen: [],
    ...(reward ? { asked: { a: actionColumn(env.action, T * n), next: new Float32Array(T * n * D) } } : {}),
    ended: { returns: [], lengths: [] },
  };
}

/** Acts on all copies at once: fills rows of draws and of actions. Made once for the arrays of a rollout. */
export interface Actor {
  act(t: number, theta: Float32Array, random: Rng): Promise<Actions>;
}

/** An actor that writes into a rollout; `program` gives the head's outputs for observations `s`. */
export function actorInto(rollout: Rollout, program: Program, head: Head, width: number): Actor {
  const { T, n, seen, draws } = rollout;
  const D = seen.length / ((T + 1) * n);
  // Views are made once: a tensor around each is then kept by the runtime.
  const s = Array.from({ length: T }, (_, t) => seen.subarray(t * n * D, (t + 1) * n * D));
  const x = Array.from({ length: T }, (_, t) => draws.subarray(t * n * width, (t + 1) * n * width));
  const actions = draws.slice(0, n * width);
  let into: Outputs | undefined;
  return {
    async act(t, theta, random) {
      into = await program.run({ s: s[t], theta }, into as Record<string, Float32Array> | undefined);
      head.sample(into, () => random, actions, x[t]);
      return actions;
    },
  };
}

/**
 * s_t, a_t ~ π_θ(· | s_t), r_t for T steps of every copy, from where the copies stand (`observations`). Throws, naming copy
 * and step, if a reward or an observation is not finite.
 */
export async function collect(
  world: VectorEnv,
  observations: Float32Array,
  actor: Actor,
  theta: Float32Array,
  random: Rng,
  rollout: Rollout,
  episodes: Episodes,
  normal: Normaliser | undefined,
): Promise<Float32Array> {
  const { T, n, raw, seen, rewards, terminated, truncated, asked } = rollout;
  const D = observations.length / n;
  rollout.cuts.length = rollout.cutSeen.length = rollout.ended.returns.length = rollout.ended.lengths.length = 0;
  let next = observations;
  for (let t = 0; t < T; t++) {
    const row = t * n;
    raw.set(next, row * D);
    if (normal) shiftAndScale(next, normal, seen, row * D);
    const actions = await actor.act(t, theta, random);
    const step = world.step(actions);
    rewards.set(step.rewards, row);
    terminated.set(step.terminated, row);
    truncated.set(step.truncated, row);
    for (let i = 0; i < n; i++) {
      const reward = step.rewards[i];
      if (!Number.isFinite(reward)) throw notFinite(world, `reward ${reward}`, i, t);
      episodes.returns[i] += reward;
      episodes.lengths[i] += 1;
      if ((step.terminated[i] | step.truncated[i]) === 0) continue;
      if (step.terminated[i] === 0) keepCut(rollout, row + i, step.finalObservations.subarray(i * D, (i + 1) * D), normal);
      rollout.ended.returns.push(episodes.returns[i]);
      rollout.ended.lengths.push(episodes.lengths[i]);
      episodes.returns[i] = episodes.lengths[i] = 0;
    }
    if (asked) {
      asked.a.set(actions, (row * asked.a.length) / (T * n));
      asked.next.set(step.finalObservations, row * D);
    }
    next = step.observations;
  }
  raw.set(next, T * n * D);
  if (normal) shiftAndScale(next, normal, seen, T * n * D);
  for (let k = 0; k < raw.length; k++) {
    if (!Number.isFinite(raw[k])) throw notFinite(world, `observation ${raw[k]}`, Math.floor(k / D) % n, Math.floor(k / (n * D)));
  }
  return next;
}

/** The rewards that a learned function gives the steps of a rollout, in place of the world's. Throws if there are not as many, or one is not finite. */
export async function relabel(world: VectorEnv, rollout: Rollout, reward: Reward): Promise<void> {
  const { raw, rewards, terminated, asked, T, n } = rollout;
  const s = raw.subarray(0, (raw.length / (T + 1)) * T);
  const given = await reward({ s, a: asked!.a, next: asked!.next, terminated });
  if (given.length !== rewards.length)
    throw new RangeError(`the reward gave ${given.length} numbers for ${rewards.length} steps, expected one for each`);
  for (let k = 0; k < rewards.length; k++) {
    if (!Number.isFinite(given[k])) throw notFinite(world, `learned reward ${given[k]}`, k % n, Math.floor(k / n));
    rewards[k] = given[k];
  }
}

/** (s - mean) / std for rows of observations. */
export function shiftAndScale(rows: Float32Array, { mean, std }: Normaliser, out: Float32Array, from: number): void {
  const D = mean.length;
  for (let k = 0; k < rows.length; ) for (let d = 0; d < D; d++, k++) out[from + k] = (rows[k] - mean[d]) / std[d];
}

function keepCut(rollout: Rollout, step: number, last: Float32Array, normal: Normaliser | undefined): void {
  rollout.cuts.push(step);
  for (let d = 0; d < last.length; d++) rollout.cutSeen.push(normal ? (last[d] - normal.mean[d]) / normal.std[d] : last[d]);
}

function notFinite({ env }: VectorEnv, what: string, copy: number, t: number): RangeError {
  return new RangeError(
    `${env.id}: ${what} in copy ${copy} at step ${t} of the round, expected a finite number; look at the environment's step and reward`,
  );
}
