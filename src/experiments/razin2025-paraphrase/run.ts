import { judgeOn, rewardModel, supervisedFineTuning, train } from "../../algorithms/index.ts";
import { initialise, layout, type Rng, rng } from "../../autodiff/index.ts";
import { completionSequences, encodePair, type Tokenizer, words } from "../../data/index.ts";
import { wilson } from "../../evaluation/index.ts";
import type { Preference } from "../../mdp/index.ts";
import { gpt2, held, type LanguageModel, type ResponsePolicy, transformer } from "../../policies/index.ts";
import { familyOf } from "../../policies/language/family.ts";
import { explicitRewardModel, implicitRewardModel } from "../../rewards/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import { OPENING, ORIGINAL, PARAPHRASED, promptOf, statementsOf, text, twin } from "./answers.ts";
import expected from "./expected.json" with { type: "json" };

const BETA = 0.1;
/** The whole network trained, or the representations kept fixed as the paper's theory has them: u alone, the output matrix alone. */
const KINDS = ["explicit", "implicit", "explicitFixed", "implicitFixed"] as const;
type Kind = (typeof KINDS)[number];
type Score = { right: number; of: number };

/** The same answers in other words: what each kind of reward model makes of them. */
export const razin2025Paraphrase: Experiment = {
  id: "razin2025-paraphrase",
  title: "In other words: an explicit reward model understands, an implicit one is misled",
  source: "Razin et al. 2025, section 5.1",
  claims: expected,

  async run({ quick = false, seeds = quick ? 1 : 3, onProgress, read }) {
    const statements = await personaStatements(read);
    const openings = [OPENING, ""];
    const scores: Record<string, Score> = {};
    let done = 0;
    for (let seed = 0; seed < seeds; seed++) {
      for (const opening of openings) {
        const random = rng(seed).split("razin2025-paraphrase").split(`opening ${opening}`);
        const found = await once(statements, opening, random, seed, quick);
        for (const [name, own] of Object.entries(found)) {
          const all = scores[`${name}${opening}`] ?? { right: 0, of: 0 };
          scores[`${name}${opening}`] = { right: all.right + own.right, of: all.of + own.of };
        }
        onProgress?.({ done: ++done, total: seeds * openings.length, unit: "models" });
      }
    }
    const share = (name: string, opening = OPENING) => {
      const { right, of } = scores[`${name}${opening}`];
      return wilson(Math.round(right), of);
    };
    const names = KINDS.flatMap((kind) => (["Original", "Paraphrased"] as const).map((set) => ({ kind, set, name: kind + set })));
    return {
      rows: judged(expected, Object.fromEntries(Object.keys(expected).map((name) => [name, share(name)]))),
      figures: [
        {
          kind: "intervals",
          title: "Unseen statements, answered in the words of training and in others",
          caption: "Below: the same where answers have no opening in common.",
          x: "comparisons ranked rightly (share)",
          rows: openings.flatMap((opening) =>
            names.map(({ kind, set, name }) => ({
              label: `${kind.replace("Fixed", ", fixed representations")}, ${set.toLowerCase()}${opening === "" ? ", no opening" : ""}`,
              value: share(name, opening),
            })),
          ),
          reference: { label: "chance", value: 0.5 },
        },
      ],
    };
  },
};

/** The persona set where it lies beside the checkout, its twin elsewhere. */
async function personaStatements(read: ((name: string, file: string) => Promise<string>) | undefined): Promise<string[]> {
  try {
    return statementsOf((await read?.("../shared/data", "agreeableness.jsonl")) ?? "");
  } catch {
    return twin();
  }
}

/** A language model that knows what the words mean, then both kinds of reward models from it. */
async function once(
  all: readonly string[],
  opening: string,
  random: Rng,
  seed: number,
  quick: boolean,
): Promise<Record<string, Score>> {
  const order = random.split("statements").permutation(all.length);
  const statements = Array.from(order, (i) => all[i]);
  const unseen = statements.splice(0, Math.floor(all.length / 4));
  const model = await reader(statements, opening, random.split("reader"), seed, quick);
  const draws = random.split("comparisons");
  const compare = (from: readonly string[], set: typeof ORIGINAL) =>
    from.map((one) => comparison(model.model.tokenizer!, one, opening, set, draws));
  const training = compare(statements, ORIGINAL);
  const tests = { Original: compare(unseen, ORIGINAL), Paraphrased: compare(unseen, PARAPHRASED) };
  const found: Record<string, Score> = {};
  for (const kind of KINDS) {
    const reward = {
      explicit: () => explicitRewardModel(model),
      implicit: () => implicitRewardModel(model, { beta: BETA }),
      explicitFixed: () => explicitRewardModel(model, { backbone: "frozen" }),
      implicitFixed: () => implicitRewardModel(fixed(model), { beta: BETA }),
    }[kind]();
    const options = {
      updates: quick ? 25 : 60,
      batchSize: 16,
      // Plain gradient descent where theory speaks of it: Adam would blow the rounding of what cancels up to whole steps.
      ...(kind.endsWith("Fixed")
        ? { optimizer: "sgd" as const, learningRate: kind === "implicitFixed" ? 5 : 0.1 }
        : { learningRate: 1e-3 }),
      schedule: "constant",
      report: 20,
      seed,
    } as const;
    const { reward: learned } = await train(rewardModel, { reward, preferences: training }, options);
    for (const [set, pairs] of Object.entries(tests)) {
      const { accuracy } = await judgeOn(learned, pairs);
      found[`${kind satisfies Kind}${set}`] = { right: accuracy * pairs.length, of: pairs.length };
    }
  }
  return found;
}

async function reader(
  statements: readonly string[],
  opening: string,
  random: Rng,
  seed: number,
  quick: boolean,
): Promise<LanguageModel> {
  const updates = quick ? 150 : 300;
  const texts = Array.from({ length: 32 * updates }, (_, i) => text(statements[i % statements.length], opening, random));
  const tokenizer = words(
    texts.slice(0, 2000).map(({ prompt, completion }) => prompt + completion),
    { most: 800 },
  );
  const config = gpt2({ vocabulary: tokenizer.size, context: 64, width: 32, layers: 2, heads: 4, tied: false });
  const family = transformer(config, tokenizer);
  const theta = initialise(family.params, random.split("theta"));
  // GPT-2's first weights are meant for a width of some hundreds: in a narrow network they are larger.
  const { names, offsets, sizes } = layout(family.params);
  names.forEach((name, i) => {
    if (name.includes("norm") || name === "places" || name === "head") return;
    for (let k = offsets[i]; k < offsets[i] + sizes[i]; k++) theta[k] *= 5;
  });
  const demos = completionSequences(tokenizer, texts);
  const options = { updates, batchSize: 32, learningRate: 3e-3, warmup: 20, packing: false, length: 40, validation: 0, seed };
  return (await train(supervisedFineTuning, { policy: family, demos, theta }, options)).policy;
}

/** The policies with the representations of a language model: its output matrix alone is a parameter. */
function fixed({ model, theta }: LanguageModel): ResponsePolicy {
  const { head, ...rest } = model.params;
  const below = held(model.weights, rest, "below");
  const size = layout(rest).size; // the output matrix stands last
  const { config, tokenizer, description } = model;
  const frozen = below.feeds(theta.slice(0, size));
  const family = familyOf({ config, tokenizer, description, params: { head }, weights: below.weights, frozen });
  return { model: family, theta: theta.slice(size) };
}

function comparison(
  tokenizer: Tokenizer,
  statement: string,
  opening: string,
  { yes, no }: typeof ORIGINAL,
  random: Rng,
): Preference {
  const encoded = (answer: string) => encodePair(tokenizer, promptOf(statement), opening + answer);
  const [w, l] = [encoded(yes[random.integer(2)]), encoded(no[random.integer(2)])];
  return { x: w.x, yw: { actions: w.y }, yl: { actions: l.y } };
}
