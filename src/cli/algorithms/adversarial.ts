import { type AdversarialOptions, type AdversarialProblem, adversarialPresets, type airl } from "../../algorithms/index.ts";
import { count, type Dataset, split } from "../../data/index.ts";
import { countingDrawn } from "../drawn.ts";
import { type Recipe, recipe } from "../recipe.ts";
import { below, choice, list, positive, real, share, whole } from "../settings.ts";
import { parts, short } from "../terminal.ts";
import { episodeReturns, steps } from "./curves.ts";
import { policyGradientReadings } from "./readings.ts";

const percent = (share: number) => `${short(100 * share)} %`;

/** The recipe of one of the adversarial family: they differ in the discriminator alone. */
export function adversarialRecipe(algorithm: typeof airl): Recipe {
  return recipe({
    algorithm,
    learner: "learner",
    readings: {
      ...policyGradientReadings,
      over: choice("s", "sa", "sas", "sasd"),
      rewardHidden: list(whole(1)),
      rewardActivation: choice("tanh", "relu", "silu"),
      rewardForm: choice("positive", "negative", "both", "forward-kl"),
      members: whole(1),
      rewardUpdates: whole(1),
      rewardBatch: whole(1),
      rewardRate: positive(),
      rewardDecay: real(0),
      gradientPenalty: real(0),
      penaltyShare: share(),
      labelSmoothing: below(0.5),
      noise: real(0),
      rewardEntropy: real(0),
      doubt: real(0),
      memory: whole(1),
      normalise: choice("demos", "running", "none"),
      warmStart: whole(),
      settle: whole(),
      every: whole(1),
      validation: real(0, 0.99),
      keep: choice("last", "distance", "disagreement"),
    },
    preset(env) {
      const known = env !== undefined && Object.hasOwn(adversarialPresets, env) ? adversarialPresets[env] : undefined;
      const own = algorithm.name === "airl" ? known?.airl : known?.gail;
      return { policy: "mlp", distribution: "gaussian", ...known?.options, ...own, ...known?.policy };
    },
    async build(ingredients, options) {
      const policy = ingredients.policy(); // refused, if it is, before anything is recorded
      const demos = await ingredients.demos();
      const { env, drawn } = countingDrawn(ingredients.env());
      const problem: AdversarialProblem = { env, demos, policy };
      return { problem, drawn, ...heldOut(demos, options) };
    },
    show: ({ episodeReturn, expertAccuracy, learnerAccuracy, distance, warning }) =>
      parts(
        episodeReturn === undefined ? "" : `return ${short(episodeReturn)}`,
        `tells the expert ${percent(expertAccuracy)}, the learner ${percent(learnerAccuracy)}`,
        `distance ${short(distance)}`,
        warning === undefined ? "" : `! ${warning}`,
      ),
    curves: [
      episodeReturns(steps),
      {
        title: "What the discriminator tells right",
        x: steps,
        y: "share of steps",
        lines: [
          { of: "expertAccuracy", name: "the expert's" },
          { of: "learnerAccuracy", name: "the learner's" },
        ],
      },
      {
        title: "How far the learner is from the expert",
        x: steps,
        y: "energy distance of pairs (s, a)",
        lines: [{ of: "distance", name: "distance" }],
      },
      {
        title: "Disagreement on the expert's held-out states",
        x: steps,
        y: ({ kind }) => (kind === "box" ? "root mean square of the difference in actions" : "share of states"),
        lines: [{ of: "disagreement", name: "disagreement" }],
      },
      {
        title: "The learned reward on the learner's steps",
        x: steps,
        y: "reward (before it is brought to scale)",
        lines: [
          { of: "rewardMean", name: "mean" },
          { of: "rewardDeviation", name: "deviation" },
        ],
      },
    ],
    transitions: ({ done }) => done,
  });
}

/** The demonstrations that are set aside: the same seed draws the same ones. */
export function heldOut(
  demos: Dataset,
  { validation, seed }: Pick<AdversarialOptions, "validation" | "seed">,
): { heldOut?: Dataset } {
  if (Math.floor(validation * count(demos)) === 0) return {};
  return { heldOut: split(demos, { validation, seed }).validation };
}
