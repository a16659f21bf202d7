import { dagger as algorithm } from "../../algorithms/index.ts";
import { watchful } from "../../experts/index.ts";
import { recipe } from "../recipe.ts";
import { choice, either, list, real, whole } from "../settings.ts";
import { short } from "../terminal.ts";
import { cloningReadings } from "./readings.ts";

/** Networks in an ensemble that is asked how much it doubts. */
const MEMBERS = 5;

export const dagger = recipe({
  algorithm,
  learner: "learner",
  readings: {
    ...cloningReadings,
    rounds: whole(1),
    states: whole(1),
    mode: choice("refit", "streaming"),
    beta: either(choice("first", "linear", "exponential"), list(real(0, 1))),
    mixing: choice("step", "episode"),
    gate: choice("none", "expert", "doubt"),
    share: real(0, 1),
    release: real(0, 1),
    budget: whole(),
    keep: choice("last", "best"),
    validationEpisodes: whole(),
    requestSize: whole(),
    openRequests: whole(1),
    timeout: real(0),
  },
  async build(ingredients, { gate }) {
    const env = ingredients.env();
    const asked = await ingredients.expert();
    const expert = gate === "expert" ? watchful(asked, env) : asked;
    const policy = gate === "doubt" ? Array.from({ length: MEMBERS }, () => ingredients.policy()) : ingredients.policy();
    const demos = ingredients.fromFile ? { demos: await ingredients.demos() } : {}; // else round 1 is the expert's own
    return { problem: { env, expert, policy, ...demos } };
  },
  show: ({ loss, labels, mismatch, validationReturn, return: visited }) =>
    [
      `${labels.toLocaleString("en-US")} labels`,
      `loss ${short(loss)}`,
      mismatch === undefined ? "" : `disagrees ${short(100 * mismatch)} %`,
      validationReturn === undefined
        ? visited === undefined
          ? ""
          : `return ${short(visited)}`
        : `return ${short(validationReturn)}`,
    ]
      .filter((part) => part !== "")
      .join("  "),
  curves: [
    {
      title: "Return against labels",
      x: { of: "labels", label: "labels the expert gave" },
      y: "mean return of an episode",
      lines: [
        { of: "return", name: "episodes of the round, by whoever acted" },
        { of: "validationReturn", name: "learner after the round, validation episodes" },
      ],
    },
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
