import type { RngState } from "../autodiff/random.ts";
import type { Box, Discrete, MultiDiscrete, Space } from "./space.ts";

/** `n` observations, `[n, size(observation)]`, row-major; a discrete observation is its index. */
export type Observations = Float32Array;

/** `n` actions: whole numbers `[n]` or `[n, parts]` for discrete spaces, reals `[n, size]` for boxes. */
export type Actions = Int32Array | Float32Array | Float64Array;

/** The space of actions: never a dictionary. */
export type ActionSpace = Discrete | MultiDiscrete | Box;

/**
 * What happens to an environment of a batch whose episode ended (Gymnasium 1.x):
 * `next-step`, it is reset by the next call of `step`, which ignores its action and gives reward 0;
 * `same-step`, it is reset at once, and the last observation stands in `finalObservations`;
 * `disabled`, it stays ended until the caller resets it.
 */
export type Autoreset = "next-step" | "same-step" | "disabled";

/** A plain tree: what a checkpoint can hold. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** A world: its spaces, its limits, and batches of copies of it. */
export interface Env {
  /** The name it is found by, with a version: `CartPole-v1`. */
  readonly id: string;
  readonly observation: Space;
  readonly action: ActionSpace;
  /** Steps after which an episode is truncated; `Infinity` for none. */
  readonly maxSteps: number;
  /** `n` independent copies that step together. */
  vector(n: number, options?: { autoreset?: Autoreset }): VectorEnv;
}

/** `n` copies of an environment that step together over typed arrays. */
export interface VectorEnv {
  readonly env: Env;
  readonly n: number;
  readonly autoreset: Autoreset;
  /** Starts every episode anew, copy i from the stream i of `seed`; without a seed the generators go on where they are. */
  reset(seed?: number): Observations;
  /** Starts one copy's episode anew (for `disabled` autoreset), from the generator `stream`, or from its own where it stands. */
  resetOne(i: number, stream?: RngState): Observations;
  /** One step of every copy. Throws before the first `reset`, or on a wrong number of actions. */
  step(actions: Actions): VectorStep;
  /** Everything the next step depends on. */
  state(): Plain;
  /** Puts a state back: what follows is bit for bit what followed it. Throws on a state of another shape. */
  restore(state: Plain): Observations;
  /** Copy i as an SVG picture. */
  draw(i: number): string;
}

/** What a step gives, for each of `n` copies. The arrays are reused: they hold until the next call. */
export interface VectorStep {
  /** `[n, D]`: what the policy sees next (in `same-step`, of the new episode where one ended). */
  readonly observations: Observations;
  readonly rewards: Float64Array;
  /** 1 where the world ended the episode: nothing follows, so nothing is bootstrapped. */
  readonly terminated: Uint8Array;
  /** 1 where the time limit cut the episode: the state still has a value. */
  readonly truncated: Uint8Array;
  /** `[n, D]`: the observation that the step itself led to; differs from `observations` only in `same-step` where an episode ended. */
  readonly finalObservations: Observations;
}
