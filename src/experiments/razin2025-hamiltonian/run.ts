import { judgeOn, rewardModel, supervisedFineTuning, train } from "../../algorithms/index.ts";
import { initialise, layout, type Rng, rng } from "../../autodiff/index.ts";
import { tokenSequences } from "../../data/index.ts";
import { type Count, repeatedProportion } from "../../evaluation/index.ts";
import { gpt2, type LanguageFamily, languageFamily, type ResponsePolicy } from "../../policies/index.ts";
import { explicitRewardModel, implicitRewardModel, type LearnedRewardModel } from "../../rewards/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { CONTEXT, comparison, drawGraph, type Graph, isAnswer, listing, promptOf, renamed, VOCABULARY } from "./graphs.ts";

const TRAINING = 1000;
const TEST = 200;
const BETA = 1;
/** Answers that a policy gives to each graph. */
const ANSWERS = 2;
/** Comparisons in a minibatch. */
const BATCH = 16;

/** Telling a Hamiltonian cycle needs no ability to find one. */
export const razin2025Hamiltonian: Experiment = {
  id: "razin2025-hamiltonian",
  title: "An implicit reward model tells Hamiltonian cycles that it can't find",
  source: "Razin et al. 2025, section 3.2 (Hamiltonian cycles)",
  claims: expected,

  async run({ quick = false, seeds = quick ? 1 : 3, onProgress }) {
    const reading = quick ? 24 : 1000;
    const updates = quick ? 32 : 1800;
    const test = quick ? 50 : TEST;
    const names = ["implicit", "explicit", "implicitNear", "explicitNear"] as const;
    const right = Object.fromEntries(names.map((name) => [name, { far: [] as Count[], near: [] as Count[] }]));
    const found = { implicit: [] as Count[], reference: [] as Count[] };
    let done = 0;
    const tick = () => onProgress?.({ done: ++done, total: 5 * seeds, unit: "trainings" });
    for (let seed = 0; seed < seeds; seed++) {
      const random = rng(seed).split("razin2025-hamiltonian");
      const graphs = { training: draw(random.split("training"), TRAINING), test: draw(random.split("test"), TEST) };
      const policy = await reader(random.split("reader"), reading, seed);
      tick();
      for (const name of names) {
        const near = name.endsWith("Near");
        const reward = name.startsWith("implicit") ? implicitRewardModel(policy, { beta: BETA }) : explicitRewardModel(policy);
        const own = random.split("comparisons");
        // Every pass lists a graph's edges in another order and names its vertices anew, on which nothing depends.
        const passes = Math.ceil((updates * BATCH) / TRAINING);
        const preferences = Array.from({ length: passes }, (_, pass) =>
          graphs.training.map((graph, i) => comparison(renamed(graph, own), near && (pass + i) % 2 === 1 ? "near" : "far", own)),
        ).flat();
        const options = {
          updates,
          batchSize: BATCH,
          learningRate: 2e-3,
          schedule: "cosine",
          warmup: 20,
          report: 100,
          seed,
        } as const;
        const { reward: learned } = await train(rewardModel, { reward, preferences }, options);
        for (const against of ["far", "near"] as const) {
          const k = await correct(learned, graphs.test.slice(0, test), against, random.split("judgement"));
          right[name][against].push({ k: Math.round(k), n: test });
        }
        tick();
        if (name !== "implicit") continue;
        const generator = { model: policy.model, theta: learned.members[0] };
        const n = TEST * ANSWERS;
        found.implicit.push({ k: await cycles(generator, graphs.test, random.split("answers")), n });
        found.reference.push({ k: await cycles(policy, graphs.test, random.split("answers")), n });
      }
    }
    const share = (name: string, against: "far" | "near") => repeatedProportion(right[name][against]);
    const rows = judged(
      expected,
      {
        implicit: share("implicit", "far"),
        generated: repeatedProportion(found.implicit),
        explicit: share("explicit", "far"),
        implicitNear: share("implicitNear", "near"),
        explicitNear: share("explicitNear", "near"),
      },
      quick
        ? {
            here: Object.fromEntries(Object.keys(expected).map((name) => [name, `${updates} minibatches`])),
            undecided: Object.keys(expected),
          }
        : {},
    );
    const trained = {
      implicit: "implicit",
      explicit: "explicit",
      implicitNear: "implicit, taught near-misses too",
      explicitNear: "explicit, taught near-misses too",
    };
    return {
      rows,
      figures: [
        {
          kind: "intervals",
          title: "To tell and to find",
          caption: `Unseen graphs, ${test} of a repetition; a random order lacks some six edges, a near-miss one or two.`,
          x: "share of graphs",
          rows: [
            ...(["far", "near"] as const).flatMap((against) =>
              names.map((name) => ({
                label: `${trained[name]}: told from ${against === "far" ? "random orders" : "near-misses"}`,
                value: share(name, against),
              })),
            ),
            { label: "found by the implicit model", value: repeatedProportion(found.implicit) },
            { label: "found by its reference", value: repeatedProportion(found.reference) },
          ],
          reference: { label: "chance, where two are compared", value: 0.5 },
        },
      ],
    };
  },
};

const draw = (random: Rng, n: number): Graph[] => Array.from({ length: n }, () => drawGraph(random));

/** A language model that has read graphs and lists ten of their edges: what both kinds of reward models start from. */
async function reader(random: Rng, updates: number, seed: number): Promise<ResponsePolicy & { model: LanguageFamily }> {
  const family = languageFamily(gpt2({ vocabulary: VOCABULARY, context: CONTEXT, width: 64, layers: 2, heads: 4 }));
  const theta = initialise(family.params, random.split("theta"));
  // GPT-2's first weights are meant for a width of some hundreds: in a narrow network they are larger.
  const { names, offsets, sizes } = layout(family.params);
  names.forEach((name, i) => {
    const scale = name.includes("norm") ? 1 : name === "places" ? 0.5 : 5;
    for (let k = offsets[i]; k < offsets[i] + sizes[i]; k++) theta[k] *= scale;
  });
  const texts = draw(random, 32 * updates).map((graph) => ({ x: promptOf(graph), y: listing(graph, random).actions }));
  const options = { updates, batchSize: 32, learningRate: 3e-3, warmup: 50, packing: false, length: 48, validation: 0, seed };
  const { policy } = await train(
    supervisedFineTuning,
    { policy: family, demos: tokenSequences(VOCABULARY, texts), theta },
    options,
  );
  return policy;
}

/** How many comparisons a reward ranks rightly; a tie counts one half. */
async function correct(
  reward: LearnedRewardModel,
  graphs: readonly Graph[],
  against: "far" | "near",
  random: Rng,
): Promise<number> {
  const { accuracy } = await judgeOn(
    reward,
    graphs.map((graph) => comparison(graph, against, random)),
  );
  return accuracy * graphs.length;
}

/** How many of a policy's answers are Hamiltonian cycles. */
async function cycles(policy: ResponsePolicy, graphs: readonly Graph[], random: Rng): Promise<number> {
  const answers = await policy.model.respond(policy.theta, graphs.map(promptOf), { random, n: ANSWERS, maxLength: 12 });
  return answers.reduce((n, own, i) => n + own.filter((answer) => isAnswer(graphs[i], answer)).length, 0);
}
