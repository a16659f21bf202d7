import { rng } from "../../../autodiff/index.ts";
import { actionColumn } from "../../../data/index.ts";
import { type Env, sampleInto, size } from "../../../mdp/index.ts";
import { staggered } from "../adversarial/staggered.ts";
import type { PreferenceRlOptions } from "./options.ts";

/** The world that the learner acts in. */
export function worldOf(env: Env, { stagger }: { readonly stagger: boolean }): Env {
  return stagger ? staggered(env) : env;
}

/**
 * Throws if fragments are longer than what happens in the world: before a run is begun, not after its first rounds. Random actions, as
 * the policy's at first nearly are, stand for it, over four times the steps that the first fragments are taken from.
 */
export function mustLast(env: Env, { fragmentLength: k, copies: n, rolloutSteps, explore, seed }: PreferenceRlOptions): void {
  if (k > env.maxSteps)
    throw new RangeError(
      `fragments have ${k} steps, an episode of ${env.id} at most ${env.maxSteps}; make fragmentLength smaller`,
    );
  const random = rng(seed).split("lengths");
  const world = env.vector(n, { autoreset: "same-step" });
  world.reset(seed);
  const actions = actionColumn(env.action, n);
  const K = size(env.action);
  const lengths = new Int32Array(n);
  let [places, longest, ended] = [0, 0, 0];
  const most = 4 * explore * rolloutSteps;
  for (let t = 0; t < most; t++) {
    for (let i = 0; i < n; i++) sampleInto(env.action, random, actions, i * K);
    const { terminated, truncated } = world.step(actions);
    for (let i = 0; i < n; i++) {
      longest = Math.max(longest, ++lengths[i]);
      if (lengths[i] >= k && ++places === 2) return;
      if (terminated[i] | truncated[i]) {
        lengths[i] = 0;
        ended++;
      }
    }
  }
  const mean = Math.round((most * n) / Math.max(1, ended));
  throw new RangeError(
    `fragments have ${k} steps, random actions in ${env.id} end after ${mean} on average and ${longest} at most; make fragmentLength smaller, such as ${Math.max(1, mean >> 1)}`,
  );
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
