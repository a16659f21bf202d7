import { ppo as algorithm, ppoPresets } from "../../solvers/index.ts";
import { recipe } from "../recipe.ts";
import { short } from "../terminal.ts";
import { policyGradientReadings } from "./readings.ts";

const x = { of: "steps", label: "steps of the environment" };

export const ppo = recipe({
  algorithm,
  learner: "learner",
  readings: policyGradientReadings,
  preset(env) {
    const known = env !== undefined && Object.hasOwn(ppoPresets, env) ? ppoPresets[env] : undefined;
    return { policy: "mlp", distribution: "gaussian", ...known?.options, ...known?.policy };
  },
  async build(ingredients) {
    return { problem: { env: ingredients.env(), policy: ingredients.policy() } };
  },
  show: ({ episodeReturn, entropy, kl }) =>
    [episodeReturn === undefined ? "" : `return ${short(episodeReturn)}`, `entropy ${short(entropy)}`, `kl ${short(kl)}`]
      .filter((part) => part !== "")
      .join("  "),
  curves: [
    {
      title: "Return of the episodes that ended",
      x,
      y: "return (sum of the environment's rewards)",
      lines: [{ of: "episodeReturn", name: "drawn actions" }],
    },
    { title: "Entropy of the policy", x, y: "entropy (nats)", lines: [{ of: "entropy", name: "entropy" }] },
    {
      title: "What the critic foresees of the returns",
      x,
      y: "explained variance",
      lines: [{ of: "explainedVariance", name: "explained variance" }],
    },
  ],
  transitions: ({ done }) => done,
});
