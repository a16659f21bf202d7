import { dpo, start, train } from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { BETA, comparisons, expertOf, referenceOf, shareOf, type World, worldOf, X, Y } from "./world.ts";

const ROUNDS = 16;
/** Comparisons and updates of a round. */
const ASKED = 128;
const UPDATES = 60;
const OPTIONS = { beta: BETA, batchSize: 64, learningRate: 0.02, optimizer: "adam", schedule: "constant", klSamples: 0 } as const;

/** Who answers what is compared. */
const LEARNERS = ["online", "offline", "uniform"] as const;
type Learner = (typeof LEARNERS)[number];
const NAMES: Record<Learner, string> = {
  online: "the policy's own answers (online)",
  offline: "π_ref's answers (offline)",
  uniform: "all answers alike (offline)",
};

/** DPO that asks about its own responses, against DPO from comparisons that were there before. */
export const dpoOnline: Experiment = {
  id: "dpo-online",
  title: "Comparisons of one's own answers: DPO online against offline",
  source: 'Slides "Imitation with Preference Feedback"; Xiong et al. 2024; Song et al. 2024',
  claims: expected,

  async run({ quick = false, seeds = quick ? 3 : 30, onProgress }) {
    // Comparisons after which it is looked at how good the policies are: all, half, and in full ever fewer.
    const marks = quick ? [ROUNDS / 2, ROUNDS] : [1, 2, 4, 8, 16];
    const shares = Object.fromEntries(LEARNERS.map((name) => [name, marks.map((): number[] => [])])) as Record<
      Learner,
      number[][]
    >;
    for (let seed = 0; seed < seeds; seed++) {
      const world = worldOf(rng(seed).split("dpo-online"));
      const own = await asked(world, seed);
      for (const [k, rounds] of marks.entries()) {
        shares.online[k].push(own[rounds - 1]);
        for (const name of ["offline", "uniform"] as const) shares[name][k].push(await given(world, name, rounds, seed));
      }
      onProgress?.({ done: seed + 1, total: seeds, unit: "worlds" });
    }
    const [half, all] = [shares.online[marks.length - 2], shares.online[marks.length - 1]];
    const offline = shares.offline[marks.length - 1];
    const series = LEARNERS.map(
      (name): Series => ({
        name: NAMES[name],
        points: marks.map((rounds, k) => {
          const { mean, low, high } = meanInterval(shares[name][k]);
          return { x: rounds * ASKED, y: mean, low, high };
        }),
      }),
    );
    return {
      rows: judged(
        expected,
        {
          online: meanInterval(all),
          gain: pairedDifference(all, offline),
          labels: pairedDifference(half, offline),
        },
        quick
          ? {
              here: { online: `${seeds} worlds`, gain: `${seeds} worlds`, labels: `${seeds} worlds` },
              undecided: ["online", "labels"],
            }
          : {},
      ),
      figures: [
        {
          kind: "lines",
          title: "What a comparison is worth, by who gave the answers",
          caption: `${X} contexts with ${Y} answers, β = ${BETA}; means over ${seeds} worlds with 95 % intervals. 1 is the optimum π_ref exp(r/β) / Z, 0 is π_ref.`,
          x: "comparisons (logarithmic)",
          y: "share of the best E[r] − β KL",
          logX: true,
          series,
        },
      ],
    };
  },
};

/** Online: the share after every round. */
async function asked(world: World, seed: number): Promise<number[]> {
  const expert = expertOf(world, rng(seed).split("expert online"));
  const contexts = Array.from({ length: X }, (_, x) => Float32Array.of(x));
  const problem = { policy: referenceOf(world), online: { contexts, expert } };
  const run = start(dpo, problem, { ...OPTIONS, rounds: ROUNDS, comparisons: ASKED, updatesPerRound: UPDATES, seed });
  const shares: number[] = [];
  for await (const _ of run) shares.push(shareOf(world, run.state.learner.theta));
  return shares;
}

/** Offline: the share from as many comparisons and updates as online has after some rounds. */
async function given(world: World, name: "offline" | "uniform", rounds: number, seed: number): Promise<number> {
  const random = rng(seed).split(name);
  const [answers, expert] = [random.split("answers"), expertOf(world, random.split("expert"))];
  const chances = world.logRef.map(Math.exp);
  const draw = (x: number) =>
    name === "uniform" ? answers.integer(Y) : answers.categorical(chances.subarray(x * Y, (x + 1) * Y));
  const preferences = await comparisons(rounds * ASKED, draw, expert, random.split("contexts"));
  const options = { ...OPTIONS, updates: rounds * UPDATES, report: UPDATES, seed };
  const { policy } = await train(dpo, { policy: referenceOf(world), preferences }, options);
  return shareOf(world, policy.theta);
}
