import { behaviorCloning, qSoftmax, softOptimalPolicy, train } from "../../algorithms/index.ts";
import { type Rng, rng } from "../../autodiff/index.ts";
import { rollout } from "../../data/index.ts";
import { garnet } from "../../envs/index.ts";
import { neuralPolicy, tableOf, tabular } from "../../policies/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { argmax, closedForm, expectedReward, klTo, type Preference } from "./kl-regularised.ts";

const BETAS = [0.05, 0.1, 0.3, 1, 5];
const ANSWERS = 8;

/** Reward, then policy, comes to a policy: the lecture's closing remark on inverse reinforcement learning. */
export const condensation: Experiment = {
  id: "condensation",
  title: "A reward learned from an expert, then a policy from the reward, condense to a policy",
  source: 'slides "Inverse Reinforcement Learning (IRL)" and "IRL with Preference Feedback"',
  claims: expected,

  async run({ quick = false, seeds = quick ? 10 : 60, onProgress }) {
    const largest = { cloning: 0, reward: 0, optimum: 0, value: 0 };
    const raise = (name: keyof typeof largest, value: number) => {
      largest[name] = Math.max(largest[name], value);
    };
    for (let seed = 0; seed < seeds; seed++) {
      const { cloning, reward } = await condensed(seed);
      raise("cloning", cloning);
      raise("reward", reward);
      for (const beta of BETAS) {
        const of = preference(beta, rng(seed).split("answers"));
        const exact = closedForm(of);
        const found = argmax(of);
        raise("optimum", difference(found.pi, exact.pi));
        raise("value", Math.abs(found.value - exact.value));
      }
      onProgress?.({ done: seed + 1, total: seeds, unit: "worlds" });
    }
    return { rows: judged(expected, largest), figures: [frontier()] };
  },
};

/** How far "value, then policy" is from behavior cloning, and "value, reward, policy" from "value, policy": in any probability. */
async function condensed(seed: number): Promise<{ cloning: number; reward: number }> {
  const random = rng(seed).split("condensation");
  const world = garnet({ S: 8, A: 3, seed, H: 20 });
  const logits = Float32Array.from({ length: 8 * 3 }, () => 1.5 * random.normal());
  const demos = await rollout(world, neuralPolicy(tabular(world), logits), { episodes: 30, seed });
  const { mdp } = garnet({ S: 8, A: 3, seed }); // the same world with a discount, for the soft Bellman equation
  const value = await train(qSoftmax, { mdp, demos }, { tolerance: 1e-11 });
  const cloned = await train(behaviorCloning, { demos, policy: tabular(world) }, { validation: 0, seed });
  const again = softOptimalPolicy(mdp, (value.reward as { sa: Float64Array }).sa);
  return { cloning: difference(value.policy, await tableOf(cloned.policy)), reward: difference(again, value.policy) };
}

/** A random reward of some answers to one context, and a random reference policy. */
function preference(beta: number, random: Rng): Preference {
  const weights = Float64Array.from({ length: ANSWERS }, () => -Math.log(1 - random.float()));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { piRef: weights.map((weight) => weight / sum), r: weights.map(() => random.normal()), beta };
}

function difference(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return Array.from(x).reduce((far, value, i) => Math.max(far, Math.abs(value - y[i])), 0);
}

/** Expected reward against divergence, by the closed form and by the search. */
function frontier() {
  const at = (beta: number) => preference(beta, rng(0).split("answers"));
  const point = (of: Preference, pi: Float64Array) => ({ x: klTo(of, pi), y: expectedReward(of, pi) });
  const all = Array.from({ length: 40 }, (_, k) => 24 / 1.18 ** k);
  return {
    kind: "lines" as const,
    title: "What a nat of divergence buys",
    caption: `One context with ${ANSWERS} answers, random rewards and reference, β from 24 (left) to 0.04 (right): the two lines lie on each other.`,
    x: "KL(π ‖ piRef) (nats)",
    y: "expected reward",
    series: [
      { name: "closed form", points: all.map((beta) => point(at(beta), closedForm(at(beta)).pi)) },
      { name: "found numerically", points: all.map((beta) => point(at(beta), argmax(at(beta)).pi)) },
    ],
  };
}
