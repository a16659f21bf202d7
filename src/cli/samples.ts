import { rng } from "../autodiff/index.ts";
import type { Tokenizer } from "../data/index.ts";
import type { LanguageModel } from "../policies/index.ts";
import { print } from "./terminal.ts";

/** A prompt with what a model said to it before it was trained, and after. */
export interface Sample {
  readonly prompt: string;
  readonly before: string;
  readonly after: string;
}

/** Tokens of a sample at most. */
const LENGTH = 40;

/** Answers of two models to the first prompts, by the same draws at temperature 0.8. */
export async function samplesOf(
  tokenizer: Tokenizer,
  [before, after]: readonly [LanguageModel, LanguageModel],
  prompts: readonly Int32Array[],
  { n, seed }: { readonly n: number; readonly seed: number },
): Promise<Sample[]> {
  const contexts = firstDifferent(prompts, n);
  if (contexts.length === 0) return [];
  const say = async ({ model, theta }: LanguageModel) => {
    const options = { random: rng(seed).split("samples"), maxLength: LENGTH, temperature: 0.8 };
    return (await model.respond(theta, contexts, options)).map(([{ actions }]) => tokenizer.decode(actions));
  };
  const [a, b] = [await say(before), await say(after)];
  return contexts.map((x, i) => ({ prompt: tokenizer.decode(x), before: a[i], after: b[i] }));
}

/** The first prompts, different ones as far as there are any. */
function firstDifferent(prompts: readonly Int32Array[], n: number): Int32Array[] {
  const different = new Map(prompts.filter(({ length }) => length > 0).map((prompt) => [prompt.join(" "), prompt]));
  return [...different.values()].slice(0, n);
}

/** Samples for people, one under the other. */
export function printSamples(samples: readonly Sample[]): void {
  for (const { prompt, before, after } of samples) {
    print(`\nprompt: ${shortened(prompt)}`);
    print(`before: ${oneLine(before)}`);
    print(`after:  ${oneLine(after)}`);
  }
}

const oneLine = (text: string) => text.trim().replaceAll(/\s*\n\s*/g, " ⏎ ");

/** The end of a long prompt. */
function shortened(text: string): string {
  const line = oneLine(text);
  return line.length > 160 ? `... ${line.slice(-156)}` : line;
}
