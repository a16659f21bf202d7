import type { Actor } from "../data/index.ts";
import type { Env } from "../mdp/index.ts";

/** One episode in pictures. */
export interface Film {
  readonly frames: readonly { readonly step: number; readonly svg: string }[];
  readonly steps: number;
  /** The return, in the environment's units. */
  readonly total: number;
  readonly terminated: boolean;
}

/**
 * An episode of an actor, drawn by the environment itself: the first and the last state and, evenly between them, as many
 * as `most` and `mostBytes` allow.
 */
export async function film(
  env: Env,
  actor: Actor,
  options: { seed: number; most?: number; mostBytes?: number; maxSteps?: number },
): Promise<Film> {
  const { seed, most = 120, mostBytes = 1_500_000, maxSteps = Math.min(env.maxSteps, 2000) } = options;
  const world = env.vector(1, { autoreset: "disabled" });
  let observations = world.reset(seed);
  let frames = [{ step: 0, svg: world.draw(0) }];
  let bytes = frames[0].svg.length;
  let stride = 1;
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
      frames.push({ step, svg: world.draw(0) });
      bytes += frames[frames.length - 1].svg.length;
    }
    while (frames.length > 2 && (frames.length > most || bytes > mostBytes)) {
      stride *= 2; // half the frames go, evenly
      frames = frames.filter((frame) => frame.step % stride === 0 || (over && frame.step === step));
      bytes = frames.reduce((sum, { svg }) => sum + svg.length, 0);
    }
    if (over) return { frames, steps: step, total, terminated: result.terminated[0] === 1 };
  }
}
