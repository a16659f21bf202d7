import { ppo as algorithm, ppoPresets } from "../../solvers/index.ts";
import { countingDrawn } from "../drawn.ts";
import { recipe } from "../recipe.ts";
import { parts, short } from "../terminal.ts";
import { episodeReturns, steps } from "./curves.ts";
import { policyGradientReadings } from "./readings.ts";

export const ppo = recipe({
  algorithm,
  learner: "learner",
  takesReward: true,
  readings: policyGradientReadings,
  preset(env) {
    const known = env !== undefined && Object.hasOwn(ppoPresets, env) ? ppoPresets[env] : undefined;
    return { policy: "mlp", distribution: "gaussian", ...known?.options, ...known?.policy };
  },
  async build(ingredients) {
    const reward = await ingredients.reward();
    const { env, drawn } = countingDrawn(ingredients.env());
    return { problem: { env, policy: ingredients.policy(), ...(reward ? { reward } : {}) }, drawn };
  },
  show: ({ episodeReturn, entropy, kl }) =>
    parts(episodeReturn === undefined ? "" : `return ${short(episodeReturn)}`, `entropy ${short(entropy)}`, `kl ${short(kl)}`),
  curves: [
    episodeReturns(steps),
    { title: "Entropy of the policy", x: steps, y: "entropy (nats)", lines: [{ of: "entropy", name: "entropy" }] },
    {
      title: "What the critic foresees of the returns",
      x: steps,
      y: "explained variance",
      lines: [{ of: "explainedVariance", name: "explained variance" }],
    },
  ],
  transitions: ({ done }) => done,
});
