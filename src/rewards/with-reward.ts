import { type Env, mustRead, type Observations, type Plain, type Reward, type VectorEnv } from "../mdp/index.ts";

/**
 * The same world with another reward: its copies give r(s, a, s') of each step in place of their own, so that whatever trains in
 * a world can train on a reward that was learned. Copies that wait for their next episode give 0, as before.
 *
 * Throws if the reward was learned on other observations or actions; and, when a step is made, if the reward answers later (a step can't wait: give such a one to the solver, as its `reward`) or
 * doesn't give one finite number for each copy.
 */
export function withReward(env: Env, reward: Reward): Env {
  mustRead(reward, env);
  const wrapped: Env = { ...env, vector: (n, options) => rewarded(wrapped, env.vector(n, options), reward) };
  return wrapped;
}

function rewarded(env: Env, world: VectorEnv, reward: Reward): VectorEnv {
  const { n, autoreset } = world;
  const rewards = new Float64Array(n);
  /** Copies that move nothing in the next step. */
  const waiting = new Uint8Array(n);
  let before: Observations = new Float32Array(0);
  const seen = (observations: Observations): Observations => {
    if (before.length !== observations.length) before = new Float32Array(observations.length);
    before.set(observations);
    return observations;
  };
  return {
    ...world,
    env,
    reset(seed) {
      waiting.fill(0);
      return seen(world.reset(seed));
    },
    resetOne(i, stream) {
      waiting[i] = 0;
      return seen(world.resetOne(i, stream));
    },
    step(actions) {
      const step = world.step(actions);
      const a = actions instanceof Float64Array ? Float32Array.from(actions) : actions;
      const given = reward({ s: before, a, next: step.finalObservations, terminated: step.terminated });
      if (given instanceof Promise) {
        throw new TypeError(
          `${env.id}: the reward answers later, a step needs it at once; give it to the solver as its reward, or save and load it with loadReward`,
        );
      }
      if (given.length !== n)
        throw new RangeError(`${env.id}: the reward gave ${given.length} numbers for ${n} copies; expected one for each`);
      for (let i = 0; i < n; i++) {
        rewards[i] = waiting[i] === 1 ? 0 : given[i];
        if (!Number.isFinite(rewards[i]))
          throw new RangeError(`${env.id}: the reward of copy ${i} is ${rewards[i]}; expected a finite number`);
        const ended = step.terminated[i] | step.truncated[i];
        if (autoreset === "next-step") waiting[i] = waiting[i] === 1 ? 0 : ended;
        else if (autoreset === "disabled") waiting[i] = ended;
      }
      seen(step.observations);
      return { ...step, rewards };
    },
    state: () => ({ world: world.state(), waiting: waiting.slice() }),
    restore(state) {
      const saved = state as { readonly world: Plain; readonly waiting: Uint8Array };
      const observations = world.restore(saved.world);
      waiting.set(saved.waiting);
      return seen(observations);
    },
  };
}
