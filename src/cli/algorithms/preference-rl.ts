import { preferenceRl as algorithm, labelSchedules, preferenceRlPresets, selections } from "../../algorithms/index.ts";
import { type FragmentJudgeOptions, fragmentJudge } from "../../experts/index.ts";
import { countingDrawn } from "../drawn.ts";
import { BadInput, given } from "../exit.ts";
import { isSynthetic } from "../expert.ts";
import { recipe } from "../recipe.ts";
import { below, choice, list, positive, real, whole } from "../settings.ts";
import { parts, short } from "../terminal.ts";
import { episodeReturns, steps } from "./curves.ts";
import { askReadings, policyGradientReadings } from "./readings.ts";

const labels = { of: "labels", label: "comparisons the expert answered" };

export const preferenceRl = recipe({
  algorithm,
  learner: "learner",
  expert: "synthetic",
  readings: {
    ...policyGradientReadings,
    labels: whole(1),
    sessions: whole(1),
    initialShare: real(0, 1),
    labelSchedule: choice(...labelSchedules),
    selection: choice(...selections),
    candidates: whole(1),
    fragmentLength: whole(1),
    over: choice("s", "sa", "sas", "sasd"),
    rewardHidden: list(whole(1)),
    rewardActivation: choice("tanh", "relu", "silu"),
    members: whole(1),
    doubt: real(0),
    fragmentGamma: real(0, 1),
    noise: below(1),
    rewardUpdates: whole(1),
    rewardBatch: whole(1),
    rewardRate: positive(),
    rewardDecay: real(0),
    memory: whole(1),
    explore: whole(1),
    ...askReadings,
  },
  preset(env) {
    const known = env !== undefined && Object.hasOwn(preferenceRlPresets, env) ? preferenceRlPresets[env] : undefined;
    return { policy: "mlp", distribution: "gaussian", ...known?.options, ...known?.policy };
  },
  async build(ingredients, { seed }) {
    if (ingredients.fromFile)
      throw new BadInput("preference-rl has no use for --demos: it learns from comparisons of its own fragments; leave it out");
    const expert = await comparer(ingredients.resolved().expert, seed);
    const { env, drawn } = countingDrawn(ingredients.env());
    return { problem: { env, expert, policy: ingredients.policy() }, drawn };
  },
  show: ({ episodeReturn, labels: asked, foreseen, correlation, note }) =>
    parts(
      `${asked.toLocaleString("en-US")} labels asked`,
      episodeReturn === undefined ? "" : `return ${short(episodeReturn)}`,
      foreseen === undefined ? "" : `foresaw ${short(100 * foreseen)} %`,
      correlation === undefined ? "" : `reward correlates ${short(correlation)}`,
      note === undefined ? "" : `! ${note}`,
    ),
  curves: [
    episodeReturns(labels, "Return against labels"),
    episodeReturns(steps),
    {
      title: "Labels",
      x: steps,
      y: "comparisons",
      lines: [
        { of: "labels", name: "answered" },
        { of: "ties", name: "ties" },
        { of: "incomparable", name: "not to be compared" },
        { of: "contradictory", name: "against another answer" },
      ],
    },
    {
      title: "The learned reward and the expert's answers",
      x: labels,
      y: "share of comparisons",
      lines: [
        { of: "foreseen", name: "foreseen before they were learned from" },
        { of: "rewardAccuracy", name: "explained while they were" },
      ],
    },
    {
      title: "The learned reward and the world's own",
      x: steps,
      y: "correlation on the learner's steps",
      lines: [{ of: "correlation", name: "correlation" }],
    },
  ],
  transitions: ({ done }) => done,
});

/** Who compares: `synthetic`, or `synthetic:error=0.1,temperature=2`. Throws `BadInput` on anybody else. */
async function comparer(name: string | undefined, seed: number) {
  if (name === undefined || !isSynthetic(name)) {
    throw new BadInput(
      `preference-rl asks somebody who compares fragments, found --expert ${name ?? "of nobody"}; give --expert synthetic, or synthetic:error=0.1,temperature=1`,
    );
  }
  const values: Record<string, number> = {};
  for (const part of name.split(":").slice(1).join(":").split(",").filter(Boolean)) {
    const [key, text, ...rest] = part.split("=");
    const value = Number(text);
    if (!["temperature", "error", "discount", "tie"].includes(key) || !text || rest.length > 0 || Number.isNaN(value)) {
      throw new BadInput(
        `--expert ${name}: found "${part}", expected temperature, error, discount or tie with a number, such as synthetic:error=0.1`,
      );
    }
    values[key] = value;
  }
  return given(() => fragmentJudge({ ...(values as FragmentJudgeOptions), seed }));
}
