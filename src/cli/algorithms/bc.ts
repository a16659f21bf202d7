import { type BehaviorCloningOptions, behaviorCloning } from "../../algorithms/index.ts";
import { count, type Dataset, pairCount, split } from "../../data/index.ts";
import { cloningSettings } from "../ingredients.ts";
import { recipe } from "../recipe.ts";
import { parts, short } from "../terminal.ts";
import { cloningReadings } from "./readings.ts";

export const bc = recipe({
  algorithm: behaviorCloning,
  learner: "clone",
  readings: cloningReadings,
  preset: cloningSettings,
  async build(ingredients, options) {
    const policy = ingredients.policy(); // refused, if it is, before anything is recorded
    const demos = await ingredients.demos();
    return { problem: { demos, policy }, ...heldOut(demos, options) };
  },
  show: ({ loss, validationLoss, validationAccuracy }) =>
    parts(
      `loss ${short(loss)}`,
      validationLoss === undefined ? "" : `held out ${short(validationLoss)}`,
      validationAccuracy === undefined ? "" : `agrees ${short(100 * validationAccuracy)} %`,
    ),
  curves: [
    {
      title: "Log loss on the expert's pairs",
      x: { of: "updates", label: "updates of the parameters" },
      y: "log loss (nats a pair)",
      lines: [
        { of: "loss", name: "training" },
        { of: "validationLoss", name: "held-out demonstrations" },
      ],
    },
  ],
  transitions: ({ done }, { batchSize }, { demos, policy }) =>
    policy.description.kind === "tabular" ? done * pairCount(demos) : done * batchSize,
});

/** The demonstrations that behavior cloning sets aside itself: the same seed draws the same ones. */
function heldOut(demos: Dataset, { validation, seed }: BehaviorCloningOptions): { heldOut?: Dataset } {
  if (Math.floor(validation * count(demos)) === 0) return {};
  return { heldOut: split(demos, { validation, seed }).validation };
}
