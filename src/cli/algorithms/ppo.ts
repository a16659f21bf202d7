import { ppo as algorithm, ppoPresets } from "../../solvers/index.ts";
import { recipe } from "../recipe.ts";
import { choice, real, whole } from "../settings.ts";
import { short } from "../terminal.ts";

const x = { of: "steps", label: "steps of the environment" };

export const ppo = recipe({
  algorithm,
  learner: "learner",
  readings: {
    steps: whole(1),
    copies: whole(1),
    rolloutSteps: whole(1),
    epochs: whole(1),
    batchSize: whole(1),
    gamma: real(0, 1),
    lambda: real(0, 1),
    valueClip: real(0),
    clipNorm: real(0),
    targetKl: real(0),
    schedule: choice("constant", "linear"),
  },
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
