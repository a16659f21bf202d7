import { rng } from "../autodiff/random.ts";
import type { ActionSpace, Env, VectorEnv } from "../mdp/env.ts";
import { misfit, sampleInto, size } from "../mdp/space.ts";
import { type ActionOf, copied, definitionOf } from "./define.ts";

export interface CheckEnvOptions {
  readonly seed?: number;
  /** How many steps are made in each check, with random actions; episodes that end begin again. */
  readonly steps?: number;
}

/**
 * What is wrong with a world, a line each; nothing if it is as the library counts on. It is played with random actions. What is checked:
 * observations are inside their space and rewards finite; the same seed gives the same episodes, with any number of copies beside; the state
 * is plain, and a step made from it again, also in a fresh copy, leads to the same; `step` and `observe` of a defined world leave the state
 * as it was. Rules that random play doesn't meet are not seen broken.
 *
 *     for (const finding of checkEnv(env)) console.log(finding);
 */
export function checkEnv(env: Env, options: CheckEnvOptions = {}): string[] {
  const { seed = 0, steps = 200 } = options;
  const findings: string[] = [];
  const check = (look: () => string | undefined): boolean => {
    let finding: string | undefined;
    try {
      finding = look();
    } catch (error) {
      const { message = String(error) } = (error ?? {}) as { message?: string };
      finding = message;
    }
    if (finding === undefined) return true;
    const line = finding.startsWith(`${env.id}: `) ? finding : `${env.id}: ${finding}`;
    if (!findings.includes(line)) findings.push(line);
    return false;
  };
  if (!check(() => sound(env, seed, steps))) return findings; // the rest would only say it again
  const same = check(() => repeats(env, seed, steps));
  if (same) check(() => alone(env, seed, steps));
  check(() => goesOn(env, seed, steps));
  check(() => pure(env, seed, steps));
  return findings;
}

/** What copy 0 went through in a step. */
interface Seen {
  readonly t: number;
  readonly observation: Float32Array;
  readonly reward: number;
  readonly terminated: number;
}

/** n copies on their way, each with random actions of its own: what copy 0 does doesn't depend on n. */
function walk(env: Env, n: number, seed: number) {
  const world = env.vector(n, { autoreset: "disabled" });
  const K = size(env.action);
  const D = size(env.observation);
  const draws = Array.from({ length: n }, (_, i) => rng(seed).split("check").split(i));
  const actions = env.action.kind === "box" ? new Float32Array(n * K) : new Int32Array(n * K);
  const first = world.reset(seed).slice(0, D);
  let t = 0;
  return {
    world,
    first,
    /** The actions of the next step, which is not made. */
    choose() {
      draws.forEach((draw, i) => {
        sampleInto(env.action, draw, actions, i * K);
      });
      return actions;
    },
    step(): Seen {
      const { observations, rewards, terminated, truncated } = world.step(this.choose());
      const seen = { t: t++, observation: observations.slice(0, D), reward: rewards[0], terminated: terminated[0] };
      for (let i = 0; i < n; i++) if (terminated[i] || truncated[i]) world.resetOne(i);
      return seen;
    },
  };
}

function sound(env: Env, seed: number, steps: number): string | undefined {
  const on = walk(env, 1, seed);
  const outside = misfit(env.observation, on.first);
  if (outside) return `the first observation is outside of its space: ${outside}`;
  copied(on.world.state(), "the state");
  for (let t = 0; t < steps; t++) {
    const { observation, reward } = on.step();
    const wrong = misfit(env.observation, observation);
    if (wrong) return `step ${t}: the observation is outside of its space: ${wrong}`;
    if (!Number.isFinite(reward)) return `step ${t}: the reward is ${reward}, expected a finite number`;
  }
  copied(on.world.state(), "the state");
  return undefined;
}

function repeats(env: Env, seed: number, steps: number): string | undefined {
  const found = difference(walk(env, 1, seed), walk(env, 1, seed), steps);
  return found && `${found} when it is played again from the same seed; draw from the generator that reset and step are given`;
}

function alone(env: Env, seed: number, steps: number): string | undefined {
  const found = difference(walk(env, 1, seed), walk(env, 3, seed), steps);
  return found && `${found} when two copies play beside it; copies must not share what they change`;
}

/** The first thing in which two walks of copy 0 differ. */
function difference(one: ReturnType<typeof walk>, other: ReturnType<typeof walk>, steps: number): string | undefined {
  if (!alike(one.first, other.first)) return `the first observation is another (${one.first} and ${other.first})`;
  const seen = Array.from({ length: steps }, () => one.step()); // one after the other: they must not help each other
  for (const was of seen) {
    const is = other.step();
    const what = unlike(was, is);
    if (what) return `step ${was.t}: ${what}`;
  }
  return undefined;
}

/** From a state that was taken out, the same copy and a fresh one go on alike. */
function goesOn(env: Env, seed: number, steps: number): string | undefined {
  const on = walk(env, 1, seed);
  const D = size(env.observation);
  const made = (world: VectorEnv, actions: Int32Array | Float32Array): Omit<Seen, "t"> => {
    const { observations, rewards, terminated } = world.step(actions);
    return { observation: observations.slice(0, D), reward: rewards[0], terminated: terminated[0] };
  };
  for (let t = 0; t < steps; t++) {
    if (t % 8 === 0) {
      const saved = on.world.state();
      const actions = on.choose().slice();
      const first = made(on.world, actions);
      on.world.restore(saved);
      const again = unlike(first, made(on.world, actions));
      if (again)
        return `step ${t}: ${again} when the same action is taken again in the same state; all that a step depends on must be in it`;
      const fresh = env.vector(1, { autoreset: "disabled" });
      fresh.restore(saved);
      const elsewhere = unlike(first, made(fresh, actions));
      if (elsewhere)
        return `step ${t}: ${elsewhere} in a fresh copy with the same state; all that a step depends on must be in it`;
      on.world.restore(saved);
    }
    on.step();
  }
  return undefined;
}

/** Of a defined world: its functions leave the state as it is. */
function pure(env: Env, seed: number, steps: number): string | undefined {
  const definition = definitionOf(env);
  if (!definition) return undefined;
  const random = rng(seed).split("check");
  const K = size(env.action);
  const chosen = env.action.kind === "box" ? new Float32Array(K) : new Int32Array(K);
  let state = definition.reset(random);
  for (let t = 0; t < steps; t++) {
    const before = copied(state, "the state");
    definition.observe(state);
    if (!alike(before, state)) return `step ${t}: observe changes the state; it may only look at it`;
    sampleInto(env.action, random, chosen);
    const action = (env.action.kind === "discrete" ? chosen[0] : Array.from(chosen)) as ActionOf<ActionSpace>;
    const next = definition.step(state, action, random);
    if (!alike(before, state)) return `step ${t}: step changes the state that it is given; return a new one`;
    state = next.terminated ? definition.reset(random) : next.state;
  }
  return undefined;
}

function unlike(was: Omit<Seen, "t">, is: Omit<Seen, "t">): string | undefined {
  if (!alike(was.observation, is.observation)) return `the observation is another (${was.observation} and ${is.observation})`;
  if (!Object.is(was.reward, is.reward)) return `the reward is another (${was.reward} and ${is.reward})`;
  return was.terminated === is.terminated ? undefined : "the episode ends in one and not in the other";
}

/** Whether two plain trees are the same, number by number. */
function alike(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  const [ours, theirs] = [Object.entries(a), Object.entries(b)];
  return (
    ours.length === theirs.length && ours.every(([name, part]) => alike(part, (b as Readonly<Record<string, unknown>>)[name]))
  );
}
