import {
  actionLogLikelihood,
  apprenticeship,
  boltzmannIrl,
  maxentIrl,
  maxMarginPlanning,
  train,
} from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { roadNetwork } from "../../envs/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import { withRewardTable } from "../../mdp/index.ts";
import { linearReward, linearValues } from "../../rewards/index.ts";
import { softmaxPolicy, softValueIteration, valueIteration } from "../../solvers/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { type Driver, drive, driveAll, matching, townOf } from "./town.ts";

/** The columns of the paper's table: percent, percent, nats a trip. */
interface Scores {
  readonly matching: number;
  readonly match90: number;
  readonly logProb: number;
}

const NAMES = {
  maxent: "maximum entropy over paths",
  actions: "action-based",
  margin: "maximum margin planning",
  time: "time-based",
  apprentice: "apprenticeship learning",
};

type Model = keyof typeof NAMES;

const MODELS = Object.keys(NAMES) as Model[];
const RIVALS = ["actions", "margin", "time", "apprentice"] as const;

/** The same weight of λ/2 ‖w‖² for every model that has one. */
const L2 = 0.01;

/** A town's blocks a side, its destinations, trips to learn from, and drivers from everywhere to be predicted. */
interface Size {
  readonly side: number;
  readonly destinations: number;
  readonly trips: number;
  readonly drivers: number;
  /** Rounds of maximum margin planning, the slowest to settle. */
  readonly rounds: number;
}

/** Route preference: what four models, and a fifth, predict of other drivers' routes. */
export const ziebart2008: Experiment = {
  id: "ziebart2008",
  title: "Route preference: maximum entropy over paths first",
  source: "Ziebart, Maas, Bagnell & Dey 2008, table 1",
  claims: expected,

  async run({ quick = false, seeds = quick ? 8 : 24, onProgress }) {
    const size: Size = quick
      ? { side: 8, destinations: 4, trips: 200, drivers: 50, rounds: 800 }
      : { side: 10, destinations: 4, trips: 200, drivers: 50, rounds: 1500 };
    const others = quick ? 0 : Math.ceil(seeds / 3);
    let done = 0;
    const towns = async (driver: Driver, count: number) => {
      const all: Record<Model, Scores>[] = [];
      for (let seed = 0; seed < count; seed++) {
        all.push(await scored(seed, driver, size));
        done += 1;
        onProgress?.({ done, total: seeds + 2 * others, unit: "towns" });
      }
      return all;
    };
    const perceived = await towns("perceived", seeds);
    const paths = await towns("paths", others);
    const actions = await towns("actions", others);

    const column = (of: readonly Record<Model, Scores>[], model: Model, name: keyof Scores) =>
      of.map((town) => town[model][name]);
    const ahead = (name: keyof Scores, rival: Model, of = perceived) =>
      pairedDifference(column(of, "maxent", name), column(of, rival, name));
    const shown = (title: string, name: "matching" | "match90", x: string) => ({
      kind: "intervals" as const,
      title,
      caption: `Routes of ${size.drivers} drivers from everywhere in each of ${seeds} towns, with 95 % intervals over towns. Costs are perceived: no model's own assumption.`,
      x,
      rows: MODELS.map((model) => ({ label: NAMES[model], value: meanInterval(column(perceived, model, name)) })),
    });
    const lead = (name: keyof Scores, x: string) => ({
      kind: "intervals" as const,
      title: `How far maximum entropy is ahead: ${name === "logProb" ? "log-probability" : "matching"}`,
      caption: `Differences within a town, with 95 % intervals over towns. Drivers perceive costs (${seeds} towns)${others > 0 ? `, or choose as one of the models assumes (${others} towns each)` : ""}.`,
      x,
      rows: (name === "logProb" ? (["actions"] as const) : (["actions", "margin", "time"] as const)).flatMap((rival) => [
        { label: `${NAMES[rival]}; perceived costs`, value: ahead(name, rival) },
        ...(others > 0 ? [{ label: `${NAMES[rival]}; entropy over paths`, value: ahead(name, rival, paths) }] : []),
        ...(others > 0 ? [{ label: `${NAMES[rival]}; softmax of Q*`, value: ahead(name, rival, actions) }] : []),
      ]),
      reference: { label: "no difference", value: 0 },
    });
    return {
      rows: judged(
        expected,
        {
          ...Object.fromEntries(RIVALS.slice(0, 3).map((rival) => [`matching-${rival}`, ahead("matching", rival)])),
          ...Object.fromEntries(RIVALS.slice(0, 3).map((rival) => [`match90-${rival}`, ahead("match90", rival)])),
          "logProb-actions": ahead("logProb", "actions"),
          "matching-apprentice": ahead("matching", "apprentice"),
        },
        quick ? { undecided: ["matching-actions", "match90-actions"] } : {},
      ),
      figures: [
        shown("Share of a driven route that is predicted", "matching", "matching (% of the length)"),
        shown("Routes predicted to nine tenths", "match90", "90 % match (% of the routes)"),
        lead("matching", "difference (points of matching)"),
        lead("logProb", "difference (nats a route)"),
      ],
    };
  },
};

/** Learns each model from some drivers of a town, and predicts the routes of others. */
async function scored(seed: number, driver: Driver, size: Size): Promise<Record<Model, Scores>> {
  const random = rng(seed).split("ziebart2008");
  const network = roadNetwork({ rows: size.side, columns: size.side, seed });
  const town = townOf(network, size.destinations, random.split("destinations"));
  const { mdp, phi } = town;
  const demos = drive(town, size.trips, driver, random.split("training"));
  const test = driveAll(town, size.drivers, driver, random.split("test"));
  const problem = { mdp, reward: linearReward(phi), demos };
  const score = (by: Float64Array, logProb = Number.NaN): Scores => {
    const shares = matching(town, test, by);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    return {
      matching: 100 * mean,
      match90: (100 * shares.filter((share) => share >= 0.9).length) / shares.length,
      logProb,
    };
  };
  const probable = (pi: Float64Array) => pi.map((p) => (p > 0 ? Math.log(p) : -1e6));

  const maxent = await train(maxentIrl, problem, { l2: L2 });
  const actions = await train(boltzmannIrl, problem, { l2: L2 });
  const margin = await train(maxMarginPlanning, problem, { l2: L2, rounds: size.rounds, seed });
  const apprentice = await train(apprenticeship, problem, { tolerance: 0.05, rounds: 30, seed });
  const soft = softValueIteration(withRewardTable(mdp, maxent.reward.table)).pi;
  const chosen = softmaxPolicy(mdp.A, valueIteration(withRewardTable(mdp, actions.reward.table)).Q);
  return {
    maxent: score(linearValues(phi, maxent.reward.w!), actionLogLikelihood(mdp, soft, test)), // P(τ) is largest where the reward is
    actions: score(probable(chosen), actionLogLikelihood(mdp, chosen, test)),
    margin: score(linearValues(phi, margin.reward.w!)),
    time: score(town.time.map((t) => -t)),
    apprentice: score(probable(apprentice.policy)),
  };
}
