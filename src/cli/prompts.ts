import { existsSync, readFileSync } from "node:fs";
import { rng } from "../autodiff/index.ts";
import { promptIds, type Tokenizer } from "../data/index.ts";
import { BadInput } from "./exit.ts";
import { firstLine } from "./files.ts";
import type { LanguageIngredients } from "./texts.ts";

/** Prompts in tokens, those to learn from and those that are held out (all, where none are). */
export interface Prompts {
  readonly contexts: readonly Int32Array[];
  readonly prompts: readonly Int32Array[];
  /** Whether `prompts` are held out. */
  readonly held: boolean;
}

/** What is answered: the prompts of a file that has nothing else, or those of its texts. */
export async function promptsOf(ingredients: LanguageIngredients): Promise<Prompts> {
  const { data, seed } = ingredients.problem;
  const { tokenizer, context, values } = await ingredients.parts();
  const alone = promptsAlone(data.path, tokenizer, { context, share: values.validation, seed });
  if (alone) {
    ingredients.tellUnknown(tokenizer, alone.contexts);
    return alone;
  }
  const { contexts, prompts, held } = await ingredients.texts();
  return { contexts, prompts, held: held !== undefined };
}

/** The prompts of such a file in tokens; one longer than half of the context loses its beginning. `undefined` if it has something else. */
function promptsAlone(
  file: string,
  tokenizer: Tokenizer,
  { context, share, seed }: { readonly context: number; readonly share: number; readonly seed: number },
): Prompts | undefined {
  if (!isPromptFile(file)) return undefined;
  const all = promptLines(file).map(({ text }) => {
    const ids = promptIds(tokenizer, text);
    const begun = ids.length > 0 ? ids : Int32Array.from(tokenizer.end.slice(0, 1));
    return begun.slice(-Math.max(1, Math.floor(context / 2)));
  });
  const aside = Math.min(all.length - 1, Math.floor(share * all.length));
  const order = rng(seed).split("held").permutation(all.length);
  const pick = (numbers: Uint32Array | Int32Array) => Array.from(numbers.sort(), (i) => all[i]);
  const contexts = pick(order.slice(aside));
  return { contexts, prompts: aside > 0 ? pick(order.slice(0, aside)) : contexts, held: aside > 0 };
}

/** Whether a file is one of JSON Lines whose first has nothing but a prompt. */
export function isPromptFile(file: string): boolean {
  if (!file.toLowerCase().endsWith(".jsonl") || !existsSync(file)) return false;
  return isPrompt(parsed(firstLine(file)));
}

/** The prompts of a file of JSON Lines that has nothing else: {"prompt": "..."} a line. Throws `BadInput`, naming the line. */
export function promptLines(file: string): { kind: "text"; text: string }[] {
  return readFileSync(file, "utf8")
    .split(/\r?\n/)
    .flatMap((line, i): { kind: "text"; text: string }[] => {
      if (line.trim() === "") return [];
      const record = parsed(line);
      if (isPrompt(record)) return [{ kind: "text", text: record.prompt }];
      throw new BadInput(
        `${file}: line ${i + 1} is ${JSON.stringify(line.slice(0, 60))}, expected {"prompt": "..."} as in the lines before`,
      );
    });
}

function isPrompt(record: unknown): record is { prompt: string } {
  return (
    typeof record === "object" &&
    record !== null &&
    typeof (record as { prompt?: unknown }).prompt === "string" &&
    !["completion", "chosen", "rejected", "response"].some((name) => name in record)
  );
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
