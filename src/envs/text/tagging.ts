import { discrete, type Env, type Expert, multiDiscrete, type Policy } from "../../mdp/index.ts";
import { defineEnv } from "../define.ts";
import { picture, text } from "../picture.ts";

/** A sentence: words, and the tag that each should get. */
export interface Tagged {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

/** Sequence labelling as a world: text that is tagged word by word, from left to right. */
export interface Tagging extends Env {
  readonly sentences: readonly Tagged[];
  /** All words, sentence after sentence; word t of sentence i is number `starts[i] + t`. */
  readonly words: readonly string[];
  /** `[sentences + 1]` */
  readonly starts: Int32Array;
  /** The tags that there are; an action is a number in this list. */
  readonly tags: readonly string[];
  /** `[words]`: the right tags. */
  readonly gold: Int32Array;
  /** The number that stands for the tag before a sentence's first word. */
  readonly start: number;
  /** Who knows the right tags. */
  readonly annotator: Expert;
}

export interface TaggingOptions {
  /** The tags that there are; by default those of the sentences. */
  readonly tags?: readonly string[];
  /** Episodes are drawn from the first so many sentences; the others are only there to be tagged. */
  readonly drawn?: number;
}

/**
 * Tagging as imitation (Ross, Gordon & Bagnell 2011, section 5.3). An episode is a sentence, drawn evenly; a state is a word and
 * the tag that was given to the word before it; an action is a tag; a right one earns 1. So a wrong tag is not only wrong, it
 * also misleads. Observations are (number of the word, number of the tag before it). Throws where words and tags are not equally
 * many, or none, and on a tag that is not in a given list.
 */
export function tagging(id: string, sentences: readonly Tagged[], options: TaggingOptions = {}): Tagging {
  const { drawn = sentences.length } = options;
  if (!(Number.isInteger(drawn) && drawn > 0 && drawn <= sentences.length)) {
    throw new RangeError(`tagging draws from at least one of its ${sentences.length} sentences, found ${drawn}`);
  }
  const tags = options.tags ?? [...new Set(sentences.flatMap((sentence) => sentence.tags))].sort();
  const number = new Map(tags.map((tag, a) => [tag, a]));
  const starts = new Int32Array(sentences.length + 1);
  const gold: number[] = [];
  let maxSteps = 0;
  sentences.forEach((sentence, i) => {
    const n = sentence.words.length;
    if (n === 0 || n !== sentence.tags.length) {
      throw new RangeError(`sentence ${i} has ${n} words and ${sentence.tags.length} tags, expected as many of both, and some`);
    }
    starts[i + 1] = starts[i] + n;
    maxSteps = Math.max(maxSteps, n);
    for (const tag of sentence.tags) {
      const a = number.get(tag);
      if (a === undefined) {
        throw new RangeError(`sentence ${i} has the tag "${tag}", expected one of ${tags.slice(0, 8).join(", ")}, ...`);
      }
      gold.push(a);
    }
  });
  const right = Int32Array.from(gold);
  const words = sentences.flatMap((sentence) => sentence.words);
  const start = tags.length;
  const env = defineEnv({
    id,
    observation: multiDiscrete([words.length, tags.length + 1]),
    action: discrete(tags.length),
    maxSteps,
    reset(random) {
      const sentence = random.integer(drawn);
      return { sentence, word: starts[sentence], before: start };
    },
    step({ sentence, word }, a) {
      const last = word + 1 === starts[sentence + 1];
      return {
        state: { sentence, word: last ? word : word + 1, before: a }, // the last word stays in sight
        reward: a === right[word] ? 1 : 0,
        terminated: last,
      };
    },
    observe: ({ word, before }) => [word, before],
    draw({ sentence, word, before }) {
      const said = sentences[sentence].words.slice(0, word - starts[sentence] + 1).slice(-12);
      const context = before === start ? "begins" : `after ${tags[before]}`;
      return picture(`${id}: ${said.join(" ")}`, 640, 60, [text(12, 24, said.join(" ")), text(12, 44, context)]);
    },
  });
  const annotator: Expert = {
    label: (observations) => Int32Array.from({ length: observations.length / 2 }, (_, i) => right[observations[2 * i]]),
  };
  return { ...env, sentences, words, starts, tags, gold: right, start, annotator };
}

/** The most likely tag of every word of the sentences from number `from` on, each tagged from left to right, all side by side. */
export async function tagAll({ sentences, starts, start }: Tagging, policy: Policy, from = 0): Promise<Int32Array> {
  const given = new Int32Array(starts[sentences.length]);
  for (let t = 0; ; t++) {
    const words: number[] = [];
    for (let i = from; i < sentences.length; i++) if (starts[i] + t < starts[i + 1]) words.push(starts[i] + t);
    if (words.length === 0) return given.slice(starts[from]);
    const states = Float32Array.from(words.flatMap((word) => [word, t === 0 ? start : given[word - 1]]));
    const chosen = await policy.act(states, { deterministic: true });
    words.forEach((word, k) => {
      given[word] = chosen[k];
    });
  }
}
