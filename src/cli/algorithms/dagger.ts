import { dagger as algorithm } from "../../algorithms/index.ts";
import { makeEnv } from "../../envs/index.ts";
import { watchful } from "../../experts/index.ts";
import { cloningSettings } from "../ingredients.ts";
import { recipe } from "../recipe.ts";
import { choice, either, list, real, whole } from "../settings.ts";
import { parts, short } from "../terminal.ts";
import { askReadings, cloningReadings } from "./readings.ts";

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
    ...askReadings,
  },
  preset(env) {
    const suited = cloningSettings(env);
    // A round is an episode, so that it has a return. With pictures a fit to all of ℬ takes longer every round; and a mean
    // that was fitted by squared error knows no spread to draw from. An episode of pictures costs as much as a round's visits.
    return env !== undefined && "policy" in suited
      ? {
          ...suited,
          states: Math.min(1000, makeEnv(env).maxSteps),
          mode: "streaming",
          updates: 150,
          deterministic: true,
          validationEpisodes: 1,
        }
      : suited;
  },
  async build(ingredients, { gate }) {
    const env = ingredients.env();
    const asked = await ingredients.expert();
    const expert = gate === "expert" ? watchful(asked, env) : asked;
    const policy = gate === "doubt" ? Array.from({ length: MEMBERS }, () => ingredients.policy()) : ingredients.policy();
    const demos = ingredients.fromFile ? { demos: await ingredients.demos() } : {}; // else round 1 is the expert's own
    return { problem: { env, expert, policy, ...demos } };
  },
  show: ({ round, loss, labels, mismatch, validationReturn, return: visited }) =>
    parts(
      `round ${round}`,
      `${labels.toLocaleString("en-US")} labels`,
      `loss ${short(loss)}`,
      mismatch === undefined ? "" : `disagrees ${short(100 * mismatch)} %`,
      validationReturn !== undefined
        ? `return ${short(validationReturn)}`
        : visited === undefined
          ? ""
          : `return ${short(visited)} by whoever acted`,
    ),
  curves: [
    {
      title: "Return against labels",
      x: { of: "labels", label: "labels the expert gave" },
      y: "mean return of the policy that was learned from them",
      lines: [{ of: "validationReturn", name: "validation episodes, most likely actions" }],
    },
    {
      title: "Log loss on all labelled states",
      x: { of: "labels", label: "labels the expert gave" },
      y: "log loss (nats a pair)",
      lines: [{ of: "loss", name: "training" }],
    },
    {
      title: "Disagreement with the expert where the learner goes",
      x: { of: "labels", label: "labels the expert gave" },
      y: "share of visited states",
      lines: [{ of: "mismatch", name: "disagreement" }],
    },
    {
      title: "Return while the states were visited",
      x: { of: "round", label: "round" },
      y: "mean return of the episodes that ended",
      lines: [{ of: "return", name: "by whoever acted: the expert with chance beta, else the learner of the round before" }],
    },
    {
      title: "What the expert did for it",
      x: { of: "labels", label: "labels the expert gave" },
      y: "times, since the beginning",
      lines: [
        { of: "expertSteps", name: "steps in which it acted" },
        { of: "interventions", name: "times it took over" },
        { of: "contextSwitches", name: "changes of who acts" },
      ],
    },
    {
      title: "Time",
      x: { of: "labels", label: "labels the expert gave" },
      y: "wall clock (s)",
      lines: [{ of: "wallSeconds", name: "visits, labels and fits" }],
    },
  ],
});
