import { sqil as algorithm, iqLearnPresets } from "../../algorithms/index.ts";
import { recipe } from "../recipe.ts";
import { short } from "../terminal.ts";
import { episodeReturns } from "./curves.ts";
import { softReadings, softShow, x } from "./soft.ts";

export const sqil = recipe({
  algorithm,
  learner: "learner",
  readings: softReadings,
  preset(env) {
    const known = env !== undefined && Object.hasOwn(iqLearnPresets, env) ? iqLearnPresets[env] : undefined;
    return { policy: "mlp", ...(known?.sqil ?? known?.policy) };
  },
  async build(ingredients) {
    const policy = ingredients.policy(); // refused, if it is, before anything is recorded
    return { problem: { env: ingredients.env(), demos: await ingredients.demos(), policy } };
  },
  show: (row) => `Q of the expert ${short(row.expertQ)}, own ${short(row.ownQ)}${softShow(row)}`,
  curves: [
    {
      title: "Values of the expert's steps and of the learner's own",
      x,
      y: "mean Q(s, a)",
      lines: [
        { of: "expertQ", name: "the expert's" },
        { of: "ownQ", name: "the learner's own" },
      ],
    },
    episodeReturns(x, "Return of the learner's own episodes"),
  ],
  transitions: ({ done }, { batchSize }) => done * 2 * batchSize,
});
