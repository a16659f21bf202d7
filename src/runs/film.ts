import type { Actor } from "../data/index.ts";
import type { Env } from "../mdp/index.ts";

/** One episode in pictures. */
export interface Film {
  /** `total`: the return up to that step */
  readonly frames: readonly { readonly step: number; readonly svg: string; readonly total: number }[];
  readonly steps: number;
  /** The return, in the environment's units. */
  readonly total: number;
  readonly terminated: boolean;
}

export interface FilmOptions {
  readonly seed: number;
  /** Frames, and characters of them, at most; past that half of the frames go. */
  readonly most?: number;
  readonly mostBytes?: number;
  /** Keeps every so many-th state exactly, however many that makes. */
  readonly every?: number;
  readonly maxSteps?: number;
  readonly onStep?: (step: number) => void;
}

/**
 * An episode of an actor, drawn by the environment itself: the first and the last state and, evenly between them, as many
 * as `most` and `mostBytes` allow, or those that `every` says.
 */
export async function film(env: Env, actor: Actor, options: FilmOptions): Promise<Film> {
  const { seed, every, most = 120, mostBytes = 1_500_000, maxSteps = Math.min(env.maxSteps, 2000), onStep } = options;
  const world = env.vector(1, { autoreset: "disabled" });
  let observations = world.reset(seed);
  let frames = [{ step: 0, svg: world.draw(0), total: 0 }];
  let bytes = frames[0].svg.length;
  let stride = every ?? 1;
  let total = 0;
  for (let step = 1; ; step++) {
    const actions = await ("act" in actor
      ? actor.act(observations.slice(), { deterministic: true })
      : actor.label(observations.slice()));
    const result = world.step(actions);
    observations = result.observations;
    total += result.rewards[0];
    const over = result.terminated[0] === 1 || result.truncated[0] === 1 || step >= maxSteps;
    if (over || step % stride === 0) {
      frames.push({ step, svg: world.draw(0), total });
      bytes += frames[frames.length - 1].svg.length;
    }
    while (every === undefined && frames.length > 2 && (frames.length > most || bytes > mostBytes)) {
      stride *= 2; // half the frames go, evenly
      frames = frames.filter((frame) => frame.step % stride === 0 || (over && frame.step === step));
      bytes = frames.reduce((sum, { svg }) => sum + svg.length, 0);
    }
    onStep?.(step);
    if (over) return { frames, steps: step, total, terminated: result.terminated[0] === 1 };
  }
}
