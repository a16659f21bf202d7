import { type Rng, rng, rngs } from "../autodiff/random.ts";
import type { ActionSpace, Actions, Autoreset, Env, Observations, Plain, VectorEnv, VectorStep } from "../mdp/env.ts";
import { describe, misfit, type Space, size } from "../mdp/space.ts";

/** Actions as the physics reads them: whole numbers for discrete spaces, reals for boxes; `[n, size(action)]`. */
export type KernelActions = Int32Array | Float64Array;

/**
 * The physics of `n` copies over typed arrays of its own. It knows nothing of episodes, limits or seeds: `batched`
 * keeps those, and hands every copy its generator.
 */
export interface Dynamics {
  /** Draws the first state of an episode of copy i. */
  reset(i: number, random: Rng): void;
  /**
   * One step of every copy i with `idle[i]` = 0; it writes `rewards[i]` and `terminated[i]` (0 or 1) for those, and
   * leaves the others as they are. The actions are inside their space.
   */
  step(actions: KernelActions, idle: Uint8Array, randoms: readonly Rng[], rewards: Float64Array, terminated: Uint8Array): void;
  /** Writes the observations of copies from .. to-1 into their rows of `out`, `[n, size(observation)]`. */
  observe(from: number, to: number, out: Observations): void;
  /** The states of all copies: plain, and a copy. */
  state(): Plain;
  /** Puts such states back. Throws, before anything is changed, on another shape. */
  restore(state: Plain): void;
  /** Copy i as an SVG picture. */
  draw(i: number): string;
}

/** What tells one world from another. */
export interface World {
  readonly id: string;
  readonly observation: Space;
  readonly action: ActionSpace;
  readonly maxSteps: number;
  /** The physics of `n` copies. */
  dynamics(n: number): Dynamics;
}

/**
 * An environment from the physics of its copies. Copy i of `reset(seed)` follows stream i of the seed, whatever n is;
 * before a seed is given the generators are those of seed 0. At the time limit a step that also ends the episode is both
 * `terminated` and `truncated`, as in Gymnasium. With `disabled` autoreset an ended copy ignores its actions: reward 0,
 * observation and flags as they were. Throws if `maxSteps` is not a positive whole number or `Infinity`.
 */
export function batched(world: World): Env {
  const { id, observation, action, maxSteps } = world;
  if (!(maxSteps === Infinity || (Number.isInteger(maxSteps) && maxSteps > 0))) {
    throw new RangeError(`${id}: maxSteps is ${maxSteps}, expected a positive whole number or Infinity`);
  }
  const env: Env = {
    id,
    observation,
    action,
    maxSteps,
    vector: (n, options = {}) => {
      if (!(Number.isInteger(n) && n > 0)) {
        throw new RangeError(`${id}: vector(n) takes a positive whole number of copies, found ${n}`);
      }
      const autoreset = options.autoreset ?? "next-step";
      if (!["next-step", "same-step", "disabled"].includes(autoreset)) {
        throw new RangeError(`${id}: autoreset is "${autoreset}", expected "next-step", "same-step" or "disabled"`);
      }
      return vector(env, world.dynamics(n), n, autoreset);
    },
  };
  return env;
}

function vector(env: Env, dynamics: Dynamics, n: number, autoreset: Autoreset): VectorEnv {
  const { maxSteps } = env;
  const sameStep = autoreset === "same-step";
  const D = size(env.observation);
  const generators = rngs(rng(0), n);
  const randoms = generators.each;
  const accept = acceptor(env, n);
  const elapsed = new Float64Array(n);
  const idle = new Uint8Array(n); // 1: the copy's next step moves nothing
  const observations = new Float32Array(n * D);
  const finalObservations = sameStep ? new Float32Array(n * D) : observations;
  const rewards = new Float64Array(n);
  const terminated = new Uint8Array(n);
  const truncated = new Uint8Array(n);
  const result: VectorStep = { observations, rewards, terminated, truncated, finalObservations };
  let started = false;

  function begin(i: number): void {
    dynamics.reset(i, randoms[i]);
    elapsed[i] = 0;
    idle[i] = 0;
    terminated[i] = 0;
    truncated[i] = 0;
  }

  function mustHaveStarted(call: string): void {
    if (!started) throw new Error(`${env.id}: ${call} before the first reset; call reset(seed) first`);
  }

  return {
    env,
    n,
    autoreset,

    reset(seed) {
      if (seed !== undefined) generators.buffer.set(rngs(rng(seed), n).buffer);
      for (let i = 0; i < n; i++) begin(i);
      started = true;
      dynamics.observe(0, n, observations);
      return observations;
    },

    resetOne(i, stream) {
      mustHaveStarted("resetOne");
      mustBeACopy(env, i, n);
      if (stream !== undefined) randoms[i].words.set(stream);
      begin(i);
      dynamics.observe(i, i + 1, observations);
      return observations;
    },

    step(actions) {
      mustHaveStarted("step");
      const accepted = accept(actions, idle);
      dynamics.step(accepted, idle, randoms, rewards, terminated);
      if (sameStep) {
        dynamics.observe(0, n, finalObservations);
        observations.set(finalObservations);
        for (let i = 0; i < n; i++) {
          elapsed[i] += 1;
          truncated[i] = elapsed[i] >= maxSteps ? 1 : 0;
          if ((terminated[i] | truncated[i]) === 0) continue;
          dynamics.reset(i, randoms[i]);
          elapsed[i] = 0;
          dynamics.observe(i, i + 1, observations);
        }
        return result;
      }
      for (let i = 0; i < n; i++) {
        if (idle[i] === 0) {
          elapsed[i] += 1;
          truncated[i] = elapsed[i] >= maxSteps ? 1 : 0;
          idle[i] = terminated[i] | truncated[i];
        } else {
          rewards[i] = 0;
          if (autoreset === "next-step") begin(i);
        }
      }
      dynamics.observe(0, n, observations);
      return result;
    },

    state() {
      mustHaveStarted("state");
      return {
        env: env.id,
        generators: generators.buffer.slice(),
        elapsed: elapsed.slice(),
        terminated: terminated.slice(),
        truncated: truncated.slice(),
        world: dynamics.state(),
      };
    },

    restore(state) {
      const saved = state as { readonly [key: string]: Plain };
      if (saved?.env !== env.id) {
        throw new TypeError(`${env.id}: the state to restore is of ${saved?.env ?? "no environment"}, expected one of ${env.id}`);
      }
      const rows = { generators: generators.buffer, elapsed, terminated, truncated };
      for (const [name, array] of Object.entries(rows)) mustMatch(`${env.id}: ${name}`, array, saved[name]);
      dynamics.restore(saved.world);
      for (const [name, array] of Object.entries(rows)) array.set(saved[name] as typeof array);
      // In `same-step` the flags are those of episodes that have been replaced.
      for (let i = 0; i < n; i++) idle[i] = sameStep ? 0 : terminated[i] | truncated[i];
      started = true;
      dynamics.observe(0, n, observations);
      return observations;
    },

    draw(i) {
      mustHaveStarted("draw");
      mustBeACopy(env, i, n);
      return dynamics.draw(i);
    },
  };
}

/**
 * Checks a batch of actions and brings it into one array of the space's own type, so that the physics meets one type
 * only. Idle copies' actions are not looked at. A wrong action throws before any copy has moved; a real number that
 * oversteps a bound within `misfit`'s tolerance becomes the bound.
 */
function acceptor(env: Env, n: number): (actions: Actions, idle: Uint8Array) => KernelActions {
  const { action } = env;
  const K = size(action);
  const accepted = action.kind === "box" ? new Float64Array(n * K) : new Int32Array(n * K);
  const choices = action.kind === "discrete" ? action.n : 0;
  return (actions, idle) => {
    if (actions.length !== n * K) {
      throw new RangeError(
        `${env.id}: step takes ${n * K} numbers (${n} x ${describe(action)}), found ${actions.length}; give one action for each copy`,
      );
    }
    for (let i = 0; i < n; i++) {
      if (idle[i] !== 0) continue;
      if (choices > 0) {
        const choice = actions[i];
        accepted[i] = choice;
        if (accepted[i] === choice && choice >= 0 && choice < choices) continue;
      }
      const found = misfit(action, actions, i * K);
      if (found) {
        const remedy = action.kind === "box" ? "; clip actions to the bounds of the space" : "";
        throw new RangeError(`${env.id}: the action of copy ${i} does not fit ${describe(action)}: ${found}${remedy}`);
      }
      for (let k = 0; k < K; k++) {
        const value = actions[i * K + k];
        accepted[i * K + k] = action.kind === "box" ? Math.min(Math.max(value, action.low[k]), action.high[k]) : value;
      }
    }
    return accepted;
  };
}

/** Throws unless `saved` is a typed array of `array`'s type and length. */
export function mustMatch(what: string, array: Float64Array | Int32Array | Uint32Array | Uint8Array, saved: unknown): void {
  const type = array.constructor.name;
  const same = ArrayBuffer.isView(saved) && saved.constructor.name === type && (saved as typeof array).length === array.length;
  if (same) return;
  const found = ArrayBuffer.isView(saved) ? `${saved.constructor.name}(${(saved as typeof array).length})` : `${saved}`;
  throw new TypeError(`${what} to restore is ${found}, expected ${type}(${array.length}); restore a state of as many copies`);
}

function mustBeACopy(env: Env, i: number, n: number): void {
  if (!(Number.isInteger(i) && i >= 0 && i < n)) {
    throw new RangeError(`${env.id}: copy ${i} of ${n} does not exist, expected 0 to ${n - 1}`);
  }
}

/** Taking out and putting back the states of physics whose whole state is one array. */
export function savedRows(what: string, rows: Float64Array): Pick<Dynamics, "state" | "restore"> {
  return {
    state: () => rows.slice(),
    restore: (state) => {
      mustMatch(what, rows, state);
      rows.set(state as Float64Array);
    },
  };
}
