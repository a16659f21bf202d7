import { red as algorithm } from "../../algorithms/index.ts";
import { countingDrawn } from "../drawn.ts";
import { recipe } from "../recipe.ts";
import { between, choice, list, positive, real, whole } from "../settings.ts";
import { parts, short } from "../terminal.ts";
import { heldOut } from "./adversarial.ts";
import { episodeReturns, steps } from "./curves.ts";
import { policyGradientReadings } from "./readings.ts";

export const red = recipe({
  algorithm,
  learner: "learner",
  readings: {
    ...policyGradientReadings,
    over: choice("s", "sa", "sas", "sasd"),
    rewardHidden: list(whole(1)),
    embedding: whole(1),
    rewardUpdates: whole(1),
    rewardBatch: whole(1),
    rewardRate: positive(),
    expertReward: between(0, 1),
    validation: real(0, 0.99),
    every: whole(1),
    warmStart: whole(),
  },
  preset: () => ({ policy: "mlp", distribution: "gaussian" }),
  async build(ingredients, options) {
    const policy = ingredients.policy(); // refused, if it is, before anything is recorded
    const demos = await ingredients.demos();
    const { env, drawn } = countingDrawn(ingredients.env());
    return { problem: { env, demos, policy }, drawn, ...heldOut(demos, options) };
  },
  show: ({ episodeReturn, rewardMean, distance }) =>
    parts(
      distance === undefined ? "" : `distance of the expert's steps ${short(distance)}`,
      episodeReturn === undefined ? "" : `return ${short(episodeReturn)}`,
      rewardMean === undefined ? "" : `learned reward ${short(rewardMean)}`,
    ),
  curves: [
    episodeReturns(steps),
    {
      title: "The learned reward of the learner's steps",
      x: steps,
      y: "mean reward (the expert's steps have expertReward)",
      lines: [{ of: "rewardMean", name: "learner" }],
    },
    {
      title: "How far the learned network is from the random one on the expert's steps",
      x: { of: "rewardUpdates", label: "updates of the distillation" },
      y: "mean squared distance",
      lines: [{ of: "distance", name: "distance" }],
    },
  ],
  transitions: ({ done }) => done,
});
