import type { Rng } from "../autodiff/random.ts";
import type { ActionSpace, Env, Observations, Plain } from "../mdp/env.ts";
import { type Discrete, describe, type Space, size } from "../mdp/space.ts";
import { WorldError } from "../mdp/world-error.ts";
import { picture, text } from "./picture.ts";
import { batched, type Dynamics, type KernelActions } from "./vector.ts";

/** One action as a defined world meets it: a whole number for a discrete space, numbers for the others. */
export type ActionOf<A extends ActionSpace> = A extends Discrete ? number : readonly number[];

/** What one step of a defined world leads to. */
export interface Next<S> {
  readonly state: S;
  readonly reward: number;
  /** Whether the world ends the episode here. */
  readonly terminated: boolean;
}

/**
 * A world as pure functions over a plain state: numbers, strings, arrays, typed arrays and objects of them. That the state is plain is
 * checked when it runs, not by its type: an interface is as good as a type, and parts may be `undefined`.
 */
export interface Definition<S, A extends ActionSpace> {
  /** The name it is found by, with a version. */
  readonly id: string;
  readonly observation: Space;
  readonly action: A;
  /** Steps after which an episode is truncated; none by default. */
  readonly maxSteps?: number;
  /** Draws the first state of an episode. */
  reset(rng: Rng): S;
  /** The state after an action; it must not change `s`. */
  step(s: S, a: ActionOf<A>, rng: Rng): Next<S>;
  /** What the policy sees, `size(observation)` numbers; a discrete observation may be given as its index. */
  observe(s: S): number | ArrayLike<number>;
  /** An SVG picture of the state; by default the observation in figures. */
  draw?(s: S): string;
}

/**
 * An environment from pure functions over a plain state of a single copy: batched, seeded and resumable because its state is plain.
 *
 *     defineEnv({ id: "Walk-v0", observation: box([1]), action: discrete(2), maxSteps: 50,
 *       reset: (rng) => ({ x: rng.uniform(-1, 1) }),
 *       step: (s, a) => ({ state: { x: s.x + 2 * a - 1 }, reward: -Math.abs(s.x), terminated: Math.abs(s.x) > 3 }),
 *       observe: (s) => [s.x] });
 *
 * `checkEnv` plays a world to see that it is what the library counts on. Throws a `WorldError`, which names the copy, where one of these functions throws, while stepping if an observation has the wrong length or
 * isn't finite, if a reward isn't finite or `terminated` isn't a boolean, and in the first `reset` if the state isn't plain.
 */
export function defineEnv<S, const A extends ActionSpace>(definition: Definition<S, A>): Env {
  const { id, observation, action, maxSteps = Infinity } = definition;
  const env = batched({ id, observation, action, maxSteps, dynamics: (n) => dynamics(definition, n) });
  definitions.set(env, definition as unknown as Definition<unknown, ActionSpace>);
  return env;
}

const definitions = new WeakMap<Env, Definition<unknown, ActionSpace>>();

/** The functions that an environment was defined by, for whoever checks them. */
export function definitionOf(env: Env): Definition<unknown, ActionSpace> | undefined {
  return definitions.get(env);
}

function dynamics<S, A extends ActionSpace>(definition: Definition<S, A>, n: number): Dynamics {
  const { id, observation, action } = definition;
  const D = size(observation);
  const single = action.kind === "discrete";
  const K = size(action);
  const states: S[] = [];
  let checked = false;

  function observeCopy(i: number, out: Observations): void {
    const seen = definition.observe(states[i]);
    const single = typeof seen === "number";
    if (!single && typeof seen?.length !== "number") {
      throw new TypeError(`${id}: observe gave ${found(seen)}, expected ${D} numbers for ${describe(observation)}`);
    }
    const length = single ? 1 : seen.length;
    if (length !== D) throw new RangeError(`${id}: observe gave ${length} numbers, expected ${D} for ${describe(observation)}`);
    for (let k = 0; k < D; k++) {
      const value = single ? seen : seen[k];
      if (!Number.isFinite(value)) throw new RangeError(`${id}: observe gave ${value} at entry ${k}, expected a finite number`);
      out[i * D + k] = value;
    }
  }

  /** What went wrong in copy i, with the name of the world. */
  function failed(i: number, doing: string, error: unknown): WorldError {
    const { message = String(error) } = error as { message?: string };
    const said = message.startsWith(`${id}: `) ? message : `${id}: ${doing} threw: ${message}`;
    return new WorldError(said, { copy: i, cause: error });
  }

  return {
    reset: (i, random) => {
      try {
        states[i] = definition.reset(random);
        if (!checked) copied(states[i], `${id}: the state`); // early: a run should not fail at its first checkpoint
        checked = true;
      } catch (error) {
        throw failed(i, "reset", error);
      }
    },
    step: (actions, idle, randoms, rewards, terminated) => {
      for (let i = 0; i < n; i++) {
        if (idle[i] !== 0) continue;
        const chosen = (single ? actions[i] : entries(actions, i * K, K)) as ActionOf<A>;
        try {
          const next = definition.step(states[i], chosen, randoms[i]);
          checkNext(id, next);
          states[i] = next.state;
          rewards[i] = next.reward;
          terminated[i] = next.terminated ? 1 : 0;
        } catch (error) {
          throw failed(i, "step", error);
        }
      }
    },
    observe: (from, to, out) => {
      for (let i = from; i < to; i++) {
        try {
          observeCopy(i, out);
        } catch (error) {
          throw failed(i, "observe", error);
        }
      }
    },
    state: () => states.map((s, i) => copied(s, `${id}: the state of copy ${i}`)) as Plain, // `undefined` parts are kept by checkpoints too
    restore: (saved) => {
      if (!Array.isArray(saved) || saved.length !== n) {
        const found = Array.isArray(saved) ? `${saved.length} copies` : `${saved}`;
        throw new TypeError(`${id}: world to restore is ${found}, expected the states of ${n} copies`);
      }
      const back = saved.map((s, i) => copied(s as unknown as S, `${id}: the state of copy ${i}`));
      states.splice(0, n, ...back);
    },
    draw: (i) => {
      if (definition.draw) return definition.draw(states[i]);
      const seen = definition.observe(states[i]);
      const numbers = typeof seen === "number" ? [seen] : Array.from(seen);
      const figures = numbers.slice(0, 6).map((value) => value.toPrecision(4));
      const shown = figures.join("  ") + (numbers.length > 6 ? "  ..." : "");
      return picture(`${id}: ${shown}`, 320, 60, [text(12, 24, id), text(12, 44, shown)]);
    },
  };
}

/** Throws unless a step gave what a step gives; the types don't hold in a world written in JavaScript. */
function checkNext(id: string, next: Next<unknown> | undefined): void {
  if (typeof next !== "object" || next === null || next instanceof Promise) {
    throw new TypeError(`${id}: step gave ${found(next)}, expected { state, reward, terminated }`);
  }
  if (!Number.isFinite(next.reward)) throw new RangeError(`${id}: step gave reward ${next.reward}, expected a finite number`);
  if (typeof next.terminated !== "boolean") {
    throw new TypeError(
      `${id}: step gave terminated ${found(next.terminated)}, expected true or false: whether the world ends the episode here`,
    );
  }
}

/** A value in a message. */
function found(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return `a ${value.constructor?.name ?? "object"}`;
  return typeof value === "function" ? "a function" : String(value);
}

function entries(actions: KernelActions, from: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) => actions[from + k]);
}

const arrays = [Float64Array, Float32Array, Int32Array, Uint32Array, Uint8Array];

/** A copy of a plain tree. Throws, naming the place, at anything a checkpoint could not hold. */
export function copied<T>(value: T, where: string): T {
  if (
    value === null ||
    value === undefined ||
    typeof value === "boolean" ||
    typeof value === "number" ||
    typeof value === "string"
  )
    return value;
  if (arrays.some((type) => value instanceof type)) return (value as unknown as Float64Array).slice() as unknown as T;
  if (Array.isArray(value)) return value.map((item: unknown, i) => copied(item, `${where}[${i}]`)) as unknown as T;
  const plain = typeof value === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(value));
  if (!plain) {
    const found = typeof value === "object" ? `a ${(value as object).constructor.name}` : `of type ${typeof value}`;
    throw new TypeError(`${where} is ${found}, expected numbers, strings, booleans, arrays, typed arrays or plain objects`);
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copied(part, `${where}.${name}`)])) as T;
}
