import { dagger as algorithm } from "../../algorithms/index.ts";
import { recipe } from "../recipe.ts";
import { list, real, whole } from "../settings.ts";
import { short } from "../terminal.ts";
import { cloningReadings } from "./readings.ts";

export const dagger = recipe({
  algorithm,
  learner: "learner",
  readings: { ...cloningReadings, rounds: whole(1), states: whole(1), beta: list(real(0, 1)) },
  async build(ingredients) {
    const demos = ingredients.fromFile ? { demos: await ingredients.demos() } : {}; // else round 1 is the expert's own
    return { problem: { env: ingredients.env(), expert: await ingredients.expert(), policy: ingredients.policy(), ...demos } };
  },
  show: ({ loss, labels, mismatch }) =>
    [
      `${labels.toLocaleString("en-US")} labels`,
      `loss ${short(loss)}`,
      mismatch === undefined ? "" : `disagrees ${short(100 * mismatch)} %`,
    ]
      .filter((part) => part !== "")
      .join("  "),
  curves: [
    {
      title: "Log loss on all labelled states",
      x: { of: "labels", label: "labels asked for" },
      y: "log loss (nats a pair)",
      lines: [{ of: "loss", name: "training" }],
    },
    {
      title: "Disagreement with the expert where the learner goes",
      x: { of: "labels", label: "labels asked for" },
      y: "share of visited states",
      lines: [{ of: "mismatch", name: "disagreement" }],
    },
  ],
});
