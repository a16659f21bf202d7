import { type Rng, rng } from "../autodiff/random.ts";
import type { Actions, Env, Observations } from "../mdp/env.ts";
import type { Expert } from "../mdp/expert.ts";
import type { Policy } from "../mdp/policy.ts";
import { type Box, describe, misfit, sameKind, size } from "../mdp/space.ts";
import { WorldError } from "../mdp/world-error.ts";
import { actionColumn } from "./dataset.ts";

/** Whoever acts: a policy is asked to act, an expert to label. */
export type Actor = Policy | Expert;

/** How far a rollout has come. */
export interface RolloutProgress {
  /** Episodes that have ended. */
  readonly episodes: number;
  /** Episodes that there will be, where that is known. */
  readonly of?: number;
  readonly steps: number;
}

export interface PlayOptions {
  readonly seed: number;
  /** How many copies of the environment run side by side; the result is the same for any number. */
  readonly copies?: number;
  /** The policy's most likely action instead of a draw. */
  readonly deterministic?: boolean;
  /** Steps after which an episode is cut, if sooner than the environment does it. */
  readonly maxSteps?: number;
  readonly onProgress?: (progress: RolloutProgress) => void;
}

/** What is wanted of the episodes as they are played. The rows are reused: they hold during the call. */
export interface Recorder {
  /** Whether another episode is to begin, after so many. */
  more(begun: number): boolean;
  began(e: number, observation: Observations): void;
  stepped(e: number, action: Actions, reward: number, observation: Observations): void;
  ended(e: number, terminated: boolean): void;
  /** Asked after every step of the batch: whether the rest may be left unplayed. */
  enough?(): boolean;
}

/**
 * Plays episodes 0, 1, 2, ... on a few copies; a copy that ends one takes the next that has not begun. Throws a RangeError on
 * numbers that play cannot have, and where the actor or the world answers with what is no action or reward; the message says in
 * which episode and step.
 */
export async function play(
  env: Env,
  actor: Actor,
  options: PlayOptions & { readonly episodes?: number },
  recorder: Recorder,
): Promise<void> {
  const { seed, episodes, deterministic = false, onProgress } = options;
  mustActIn(env, actor);
  const maxSteps = Math.min(env.maxSteps, options.maxSteps ?? Infinity);
  const copies = Math.min(options.copies ?? 64, episodes ?? Infinity);
  if (maxSteps === Infinity) throw new RangeError(`${env.id} has no limit of steps; give maxSteps, so that every episode ends`);
  if (!(Number.isInteger(maxSteps) && maxSteps > 0))
    throw new RangeError(`maxSteps is a positive whole number, found ${maxSteps}`);
  if (!(Number.isInteger(copies) && copies > 0)) throw new RangeError(`copies is a positive whole number, found ${copies}`);
  const D = size(env.observation);
  const K = size(env.action);
  const streams = rng(seed);
  const draws = streams.split("actions");
  const world = env.vector(copies, { autoreset: "disabled" });
  const episode = new Int32Array(copies).fill(-1); // what a copy plays, -1 when there is nothing left for it
  const elapsed = new Uint32Array(copies);
  const generators = new Array<Rng>(copies);
  const actions = actionColumn(env.action, copies);
  const compact = new Float32Array(copies * D);
  let begun = 0;
  let ended = 0;
  let steps = 0;

  const begin = (i: number, observations: Observations) => {
    episode[i] = begun++;
    elapsed[i] = 0;
    generators[i] = draws.split(episode[i]);
    recorder.began(episode[i], observations.subarray(i * D, (i + 1) * D));
  };

  const standing = (active: readonly number[]) => ({
    rng: active.map((i) => generators[i]),
    places: { episode: Int32Array.from(active, (i) => episode[i]), step: Int32Array.from(active, (i) => elapsed[i]) },
  });

  const where = (i: number) => `episode ${episode[i]}, step ${elapsed[i]}`;

  let observations = inWorld(
    (i) => `episode ${i}`,
    () => world.reset(seed),
  ); // copy i from stream i, as resetOne(i, streams.split(i)) would
  for (let i = 0; i < copies && recorder.more(begun); i++) begin(i, observations);

  while (true) {
    const active = Array.from(episode.keys()).filter((i) => episode[i] >= 0);
    if (active.length === 0 || recorder.enough?.()) return;
    active.forEach((i, k) => {
      compact.set(observations.subarray(i * D, (i + 1) * D), k * D);
    });
    const rows = compact.slice(0, active.length * D); // the actor may keep it
    let chosen: Actions;
    try {
      const answer = "act" in actor ? actor.act(rows, { deterministic, ...standing(active) }) : actor.label(rows);
      chosen = answer instanceof Promise ? await answer : answer;
    } catch (error) {
      throw "act" in actor ? error : unanswered(error, `${where(active[0])}: asked about ${active.length} observations`);
    }
    if (chosen?.length !== active.length * K) {
      throw new RangeError(
        `${where(active[0])}: the actor gave ${chosen?.length ?? "no"} numbers for ${active.length} observations, expected ${active.length * K} (${describe(env.action)} each)`,
      );
    }
    active.forEach((i, k) => {
      execute(env, chosen, k, actions, i, episode[i], elapsed[i]);
    });
    const step = inWorld(where, () => world.step(actions));
    observations = step.observations;
    for (const i of active) {
      elapsed[i] += 1;
      steps += 1;
      if (!Number.isFinite(step.rewards[i])) {
        const at = `episode ${episode[i]}, step ${elapsed[i] - 1}`;
        throw new RangeError(`${at}: ${env.id} gave the reward ${step.rewards[i]}, expected a finite number`);
      }
      const row = step.finalObservations.subarray(i * D, (i + 1) * D);
      recorder.stepped(episode[i], actions.subarray(i * K, (i + 1) * K), step.rewards[i], row);
      if (!step.terminated[i] && !step.truncated[i] && elapsed[i] < maxSteps) continue;
      recorder.ended(episode[i], step.terminated[i] === 1);
      ended += 1;
      episode[i] = -1;
      if (recorder.more(begun)) {
        const stream = streams.split(begun).words;
        observations = inWorld(
          () => `episode ${begun}`,
          () => world.resetOne(i, stream),
        );
        begin(i, observations);
      }
      onProgress?.({ episodes: ended, ...(episodes === undefined ? {} : { of: episodes }), steps });
    }
  }
}

/** Throws, in a line that says what was found and what was expected, unless it is somebody who can act in this world. */
function mustActIn(env: Env, actor: Actor): void {
  const { act, label, observation, action } = (actor ?? {}) as Partial<Policy & Expert>;
  if (typeof act !== "function" && typeof label !== "function") {
    const found = actor instanceof Promise ? "a Promise; await it" : typeof actor === "function" ? "a function" : String(actor);
    throw new TypeError(`whoever acts is a policy (with act) or an expert (with label), found ${found}`);
  }
  if (!observation || !action) return; // an expert doesn't say what it is for
  if (sameKind(observation, env.observation) && sameKind(action, env.action)) return;
  const spaces = `${describe(env.observation)} and ${describe(env.action)}`;
  throw new RangeError(
    `the policy is for observations ${describe(observation)} and actions ${describe(action)}, ${env.id} has ${spaces}; give a policy of this world`,
  );
}

/** What an expert threw, with where it was asked. */
function unanswered(error: unknown, where: string): Error {
  const { message = String(error) } = (error ?? {}) as { message?: string };
  return new Error(`${where}: the expert failed: ${message}`, { cause: error });
}

/** What the world does, with its errors saying where they happened, as those of an actor do. */
function inWorld<T>(where: (copy: number) => string, move: () => T): T {
  try {
    return move();
  } catch (error) {
    if (!(error instanceof WorldError) || error.copy === undefined) throw error;
    throw new WorldError(`${where(error.copy)}: ${error.message}`, { copy: error.copy, cause: error.cause });
  }
}

/** Brings answer k into row i of the batch's actions: whole numbers checked, reals clipped to their bounds. */
function execute(env: Env, chosen: Actions, k: number, actions: Actions, i: number, episode: number, step: number): void {
  const K = size(env.action);
  if (env.action.kind === "box") clip(env.action, chosen, k * K, actions, i * K);
  const wrong = env.action.kind === "box" ? misfit(env.action, actions, i * K) : misfit(env.action, chosen, k * K);
  if (wrong) {
    throw new RangeError(
      `episode ${episode}, step ${step}: the actor's action does not fit ${describe(env.action)} of ${env.id}: ${wrong}`,
    );
  }
  if (env.action.kind !== "box") for (let j = 0; j < K; j++) actions[i * K + j] = chosen[k * K + j];
}

function clip(space: Box, chosen: Actions, from: number, actions: Actions, to: number): void {
  for (let j = 0; j < space.low.length; j++) {
    actions[to + j] = Math.min(space.high[j], Math.max(space.low[j], chosen[from + j]));
  }
}
