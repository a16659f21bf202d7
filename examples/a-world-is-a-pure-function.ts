import { behaviorCloning, box, defineEnv, discrete, type Expert, judge, rollout, train } from "apprentice";
import { mlp } from "apprentice/policies";

const lighthouse = defineEnv({
  id: "lighthouse",
  observation: box([2]),
  action: discrete(3),
  maxSteps: 200,
  reset: (rng) => ({ x: rng.uniform(-1, 1), v: 0 }),
  step: (s, a) => {
    const v = s.v + 0.1 * (a - 1);
    const x = s.x + v;
    return { state: { x, v }, reward: -Math.abs(x), terminated: Math.abs(x) > 3 };
  },
  observe: (s) => [s.x, s.v],
}); // batched, seeded and resumable because its state is plain

/** Whoever answers is an expert: this one brakes in time. */
const keeper: Expert = {
  label: (observations) =>
    Int32Array.from({ length: observations.length / 2 }, (_, i) => {
      const push = -observations[2 * i] - 3 * observations[2 * i + 1];
      return push > 0.1 ? 2 : push < -0.1 ? 0 : 1;
    }),
};

const demos = await rollout(lighthouse, keeper, { episodes: 20, seed: 1 });
const { policy } = await train(behaviorCloning, { demos, policy: mlp(lighthouse) }, { epochs: 20, seed: 0 });
const { learner, expert } = await judge(lighthouse, policy, { expert: keeper, episodes: 50 });
console.log(`return ${learner.mean.toFixed(1)}, the keeper's ${expert.mean.toFixed(1)}`);
