import { existsSync, statSync } from "node:fs";
import type { Tokenizer } from "../data/index.ts";
import { lexicon, readLexicon } from "../experts/index.ts";
import { type Answer, type PreferenceExpert, scoringExpert } from "../mdp/index.ts";
import { rewardEndpoint } from "../runs/index.ts";
import { BadInput, given } from "./exit.ts";
import { noSuchFile, readBytes } from "./files.ts";
import { real, whole } from "./settings.ts";

/** How a scorer on the other side of the network is asked. */
export interface Asking {
  /** Seconds until a request counts as lost. */
  timeout: number;
  /** How often a request that failed is made again. */
  retries: number;
}

/** What is usual, and how it is read from the command line. */
export const asking: Asking = { timeout: 30, retries: 3 };
export const askingReadings = { timeout: real(0), retries: whole() };

/** Who says how good a response is. */
export interface Scorer {
  /** Prefers the response of the larger score. */
  readonly expert: PreferenceExpert;
  score(answers: readonly Answer[]): Promise<ArrayLike<number>>;
}

/**
 * The scorer that `--expert` or `--reward` names for responses: a file of words with weights, or the address of a server that answers
 * `{"items": [{"prompt", "response"}]}` with `{"scores": [...]}`. Throws `BadInput` if it is neither.
 */
export async function findScorer(named: string, tokenizer: Tokenizer, { timeout, retries }: Asking): Promise<Scorer> {
  const texts = ({ x, y }: Answer) => ({ prompt: tokenizer.decode(x), response: tokenizer.decode(y.actions) });
  if (isAddress(named)) {
    const score = await given(() => rewardEndpoint(named, texts, { timeout, retries }));
    return { expert: scoringExpert(score), score };
  }
  const taste = await words(named);
  const score = async (answers: readonly Answer[]) => answers.map((answer) => taste(texts(answer).response));
  return { expert: scoringExpert(score), score };
}

export function isAddress(named: string): boolean {
  return /^https?:\/\//i.test(named);
}

/** What --reward names. */
export const REWARDS = "the folder of a reward model, an ONNX file (.onnx), words with weights, or an address http://...";

/** Throws `BadInput` on a file of words that can't be read; of folders, models and addresses nothing is known before they are used. */
export async function checkScorer(named: string, as: "expert" | "reward"): Promise<void> {
  if (isAddress(named) || named.toLowerCase().endsWith(".onnx")) return;
  if (as === "reward" && !existsSync(named)) throw noSuchFile(named, REWARDS, "file or folder");
  if (existsSync(named) && statSync(named).isDirectory()) return;
  await words(named);
}

async function words(file: string): Promise<(text: string) => number> {
  if (!existsSync(file))
    throw noSuchFile(file, "words with weights (a word, a tab and a number a line), or an address http://...");
  try {
    return lexicon(await given(() => readLexicon(new TextDecoder().decode(readBytes(file)))));
  } catch (error) {
    throw error instanceof BadInput ? new BadInput(`${file}: ${error.message}`, { cause: error }) : error;
  }
}
