import { iqLearn as algorithm, iqLearnPresets } from "../../algorithms/index.ts";
import { recipe } from "../recipe.ts";
import { choice, real } from "../settings.ts";
import { short } from "../terminal.ts";
import { episodeReturns } from "./curves.ts";
import { softReadings, softShow, x } from "./soft.ts";

export const iqLearn = recipe({
  algorithm,
  learner: "learner",
  readings: { ...softReadings, initial: choice("v0", "value", "value_expert"), chi2: real(0) },
  preset(env) {
    const known = env !== undefined && Object.hasOwn(iqLearnPresets, env) ? iqLearnPresets[env] : undefined;
    return { policy: "mlp", ...known?.options, ...known?.policy };
  },
  async build(ingredients) {
    const policy = ingredients.policy(); // refused, if it is, before anything is recorded
    return { problem: { env: ingredients.env(), demos: await ingredients.demos(), policy } };
  },
  show: (row) => `reward ${short(row.expertReward)}  V - Q ${short(row.gap)}${softShow(row)}`,
  curves: [
    {
      title: "The reward that the values imply, Q(s, a) − γ V(s′)",
      x,
      y: "mean implied reward",
      lines: [
        { of: "expertReward", name: "the expert's steps" },
        { of: "ownReward", name: "the learner's own" },
      ],
    },
    {
      title: "How far the expert's actions are from the softmax",
      x,
      y: "mean V(s) − Q(s, a)",
      lines: [{ of: "gap", name: "V − Q" }],
    },
    episodeReturns(x, "Return of the learner's own episodes"),
  ],
  transitions: ({ done }, { batchSize }) => done * batchSize,
});
