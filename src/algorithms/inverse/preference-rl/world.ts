import type { Env } from "../../../mdp/index.ts";
import { staggered } from "../adversarial/staggered.ts";

/** The world that the learner acts in. */
export function worldOf(env: Env, { stagger }: { readonly stagger: boolean }): Env {
  return stagger ? staggered(env) : env;
}

/** What a round's steps came to that a learner is not told, `[T n]`. */
export interface Witness {
  rewards: number[];
  /** 1 where an episode ended or was cut. */
  ended: number[];
}

/** The same world, whose copies write down what happens to them. */
export function witnessed(env: Env, witness: Witness): Env {
  const wrapped: Env = {
    ...env,
    vector(n, options) {
      const world = env.vector(n, options);
      return {
        ...world,
        env: wrapped,
        step(actions) {
          const step = world.step(actions);
          for (let i = 0; i < n; i++) {
            witness.rewards.push(step.rewards[i]);
            witness.ended.push(step.terminated[i] | step.truncated[i]);
          }
          return step;
        },
      };
    },
  };
  return wrapped;
}
