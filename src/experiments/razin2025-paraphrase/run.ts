import { judgeOn, rewardModel, supervisedFineTuning, train } from "../../algorithms/index.ts";
import { initialise, layout, type Rng, rng } from "../../autodiff/index.ts";
import { completionSequences, encodePair, type Tokenizer, words } from "../../data/index.ts";
import { type Count, repeatedProportion } from "../../evaluation/index.ts";
import type { Preference } from "../../mdp/index.ts";
import { gpt2, held, type LanguageModel, type ResponsePolicy, transformer } from "../../policies/index.ts";
import { familyOf } from "../../policies/language/family.ts";
import { explicitRewardModel, implicitRewardModel } from "../../rewards/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import { OPENING, ORIGINAL, PARAPHRASED, promptOf, statementsOf, text, twin } from "./answers.ts";
import expected from "./expected.json" with { type: "json" };

const BETA = 1;

/** A reward model and how it is trained. */
interface Kind {
  readonly name: string;
  readonly label: string;
  readonly model: "explicit" | "implicit";
  /** The representations kept as they are, as the paper's theory has them: u alone is trained, or the output matrix alone. */
  readonly fixed?: boolean;
  /** By Adam instead of plain gradient descent. */
  readonly adam?: boolean;
}
const CLAIMED: readonly Kind[] = [
  { name: "explicit", label: "explicit", model: "explicit" },
  { name: "implicit", label: "implicit", model: "implicit" },
  { name: "explicitFixed", label: "explicit, representations fixed", model: "explicit", fixed: true },
  { name: "implicitFixed", label: "implicit, representations fixed", model: "implicit", fixed: true },
];
const BY_ADAM: readonly Kind[] = [
  { name: "explicitAdam", label: "explicit, by Adam", model: "explicit", adam: true },
  { name: "implicitAdam", label: "implicit, by Adam", model: "implicit", adam: true },
];
const SETS = { Original: ORIGINAL, Paraphrased: PARAPHRASED };

/** The same answers in other words: what each kind of reward model makes of them. */
export const razin2025Paraphrase: Experiment = {
  id: "razin2025-paraphrase",
  title: "In other words: an explicit reward model understands, an implicit one is misled",
  source: "Razin et al. 2025, section 5.1",
  claims: expected,

  async run({ quick = false, seeds = quick ? 1 : 3, onProgress, readData }) {
    const persona = await readData?.("agreeableness.jsonl");
    const statements = persona === undefined ? twin() : statementsOf(persona);
    // What is claimed, and in full two changes of it: another optimizer, and answers that have no opening in common.
    const trials = quick
      ? [{ opening: OPENING, kinds: CLAIMED }]
      : [
          { opening: OPENING, kinds: [...CLAIMED, ...BY_ADAM] },
          { opening: "", kinds: CLAIMED },
        ];
    const total = seeds * trials.reduce((sum, { kinds }) => sum + 1 + kinds.length, 0);
    /** By model, words and opening, the comparisons ranked rightly in each repetition. */
    const scores = new Map<string, Count[]>();
    let done = 0;
    const tick = () => onProgress?.({ done: ++done, total, unit: "models" });
    for (let seed = 0; seed < seeds; seed++) {
      for (const { opening, kinds } of trials) {
        const random = rng(seed).split("razin2025-paraphrase").split(`opening ${opening}`);
        await once({ statements, opening, kinds, random, seed, quick, tick }, (name, count) => {
          scores.set(name + opening, [...(scores.get(name + opening) ?? []), count]);
        });
      }
    }
    const share = (name: string, opening = OPENING) => repeatedProportion(scores.get(name + opening)!);
    const paraphrased = (kinds: readonly Kind[], opening: string, suffix: string) =>
      kinds.map(({ name, label }) => ({ label: label + suffix, value: share(`${name}Paraphrased`, opening) }));
    const changes = quick
      ? []
      : [...paraphrased(BY_ADAM, OPENING, ": paraphrased"), ...paraphrased(CLAIMED, "", "; no opening: paraphrased")];
    return {
      rows: judged(
        expected,
        Object.fromEntries(Object.keys(expected).map((name) => [name, share(name)])),
        quick
          ? {
              here: Object.fromEntries(Object.keys(expected).map((name) => [name, "one network"])),
              undecided: Object.keys(expected),
            }
          : {},
      ),
      note: `The statements are ${statements.length} of ${persona === undefined ? "the synthetic twin: agreeableness.jsonl is not at hand" : "the persona set, agreeableness.jsonl"}.`,
      figures: [
        {
          kind: "intervals",
          title: "Unseen statements, answered in the words of training and in others",
          caption: `Trained on yes and sure against no and never.${quick ? "" : " At the bottom: by Adam, and without the words that all answers open with."}`,
          x: "comparisons ranked rightly (share)",
          rows: [
            ...CLAIMED.flatMap(({ name, label }) => [
              { label: `${label}: original`, value: share(`${name}Original`) },
              { label: `${label}: paraphrased`, value: share(`${name}Paraphrased`) },
            ]),
            ...changes,
          ],
          reference: { label: "chance", value: 0.5 },
        },
      ],
    };
  },
};

interface Trial {
  readonly statements: readonly string[];
  readonly opening: string;
  readonly kinds: readonly Kind[];
  readonly random: Rng;
  readonly seed: number;
  readonly quick: boolean;
  tick(): void;
}

/** A language model that knows what the words mean, then reward models from it. */
async function once(trial: Trial, score: (name: string, count: Count) => void): Promise<void> {
  const { statements: all, opening, kinds, random, seed, quick, tick } = trial;
  const order = random.split("statements").permutation(all.length);
  const statements = Array.from(order, (i) => all[i]);
  const unseen = statements.splice(0, Math.floor(all.length / 4));
  const model = await reader(statements, opening, random.split("reader"), seed, quick);
  tick();
  const draws = random.split("comparisons");
  const compare = (from: readonly string[], set: typeof ORIGINAL) =>
    from.map((one) => comparison(model.model.tokenizer!, one, opening, set, draws));
  const preferences = compare(statements, ORIGINAL);
  const tests = Object.entries(SETS).map(([set, answers]) => ({ set, pairs: compare(unseen, answers) }));
  for (const { name, model: kind, fixed, adam } of kinds) {
    const reward =
      kind === "explicit"
        ? explicitRewardModel(model, { backbone: fixed ? "frozen" : "trained" })
        : implicitRewardModel(fixed ? belowFixed(model) : model, { beta: BETA });
    // Plain gradient descent, as in theory: Adam steps as far for what hardly counts, and blows the rounding of what cancels up.
    const how = adam ? { learningRate: 3e-4 } : { optimizer: "sgd" as const, learningRate: 0.05, clipNorm: 0 };
    const options = { updates: 30, batchSize: 16, schedule: "constant", report: 30, seed, ...how } as const;
    const { reward: learned } = await train(rewardModel, { reward, preferences }, options);
    for (const { set, pairs } of tests) {
      const { accuracy } = await judgeOn(learned, pairs);
      score(name + set, { k: Math.round(accuracy * pairs.length), n: pairs.length });
    }
    tick();
  }
}

async function reader(
  statements: readonly string[],
  opening: string,
  random: Rng,
  seed: number,
  quick: boolean,
): Promise<LanguageModel> {
  const updates = quick ? 200 : 300;
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
  const options = { updates, batchSize: 32, learningRate: 5e-3, warmup: 20, packing: false, length: 40, validation: 0, seed };
  return (await train(supervisedFineTuning, { policy: family, demos, theta }, options)).policy;
}

/** The policies with the representations of a language model: its output matrix alone is a parameter. */
function belowFixed({ model, theta }: LanguageModel): ResponsePolicy {
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
