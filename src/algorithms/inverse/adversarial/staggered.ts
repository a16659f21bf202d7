import type { Env, Plain, VectorEnv } from "../../../mdp/index.ts";

/**
 * The same world, but the first episode of copy i of n is cut after a share (i + 1) / n of its steps. Copies of a world whose
 * episodes have one length would otherwise begin all at once, for ever, and rounds would see beginnings only or none. Every
 * copy waits for nothing: where an episode ends another begins in the same step. Worlds without a limit are left as they are.
 */
export function staggered(env: Env): Env {
  if (env.maxSteps === Infinity) return env;
  const wrapped: Env = { ...env, vector: (n) => staggeredCopies(wrapped, env.vector(n, { autoreset: "disabled" })) };
  return wrapped;
}

/** What was cut says nothing of whole episodes: the first ones of all copies but the last have no return, and are left out. */
export function withoutFirst(env: Env, episodes: { readonly returns: Float64Array }): void {
  if (env.maxSteps !== Infinity) episodes.returns.fill(Number.NaN, 0, episodes.returns.length - 1);
}

function staggeredCopies(env: Env, world: VectorEnv): VectorEnv {
  const { n } = world;
  const { maxSteps } = env;
  /** Steps left of each copy's first episode; 0 in later ones. */
  const left = new Float64Array(n);
  const truncated = new Uint8Array(n);
  const terminated = new Uint8Array(n);
  let last = new Float32Array(0);
  return {
    ...world,
    env,
    autoreset: "same-step",
    reset(seed) {
      for (let i = 0; i < n; i++) left[i] = Math.max(1, Math.ceil((maxSteps * (i + 1)) / n));
      return world.reset(seed);
    },
    step(actions) {
      const step = world.step(actions);
      if (last.length !== step.observations.length) last = new Float32Array(step.observations.length);
      last.set(step.observations);
      terminated.set(step.terminated);
      truncated.set(step.truncated);
      let { observations } = step;
      for (let i = 0; i < n; i++) {
        if (left[i] > 0 && --left[i] === 0) truncated[i] = 1;
        if ((terminated[i] | truncated[i]) === 0) continue;
        left[i] = 0;
        observations = world.resetOne(i);
      }
      return { observations, rewards: step.rewards, terminated, truncated, finalObservations: last };
    },
    state: () => ({ world: world.state(), left: left.slice() }),
    restore(state) {
      const saved = state as { readonly world: Plain; readonly left: Float64Array };
      left.set(saved.left);
      return world.restore(saved.world);
    },
  };
}
