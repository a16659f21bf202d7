import { promptIds } from "../data/index.ts";
import { checkSampling, fitContext } from "../policies/index.ts";
import { BadInput, given } from "./exit.ts";
import { loadModel } from "./language-parts.ts";
import { counted, print, printJson, say, short } from "./terminal.ts";
import { moreWords, tellUnknown } from "./unknown.ts";

export interface GenerateRequest {
  /** A folder in the Hugging Face layout, or of a run. */
  readonly target: string;
  readonly prompt: readonly string[];
  readonly n: number;
  readonly maxLength?: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed: number;
  /** Texts that end an answer, which is cut before them. */
  readonly stop?: readonly string[];
  readonly chat?: boolean;
  readonly json?: boolean;
}

/** Answers prompts: one as it is written, several or many answers when they are whole. */
export async function generate(request: GenerateRequest): Promise<void> {
  const { target, prompt: prompts, n, seed, json, maxLength, stop = [] } = request;
  if (stop.includes("")) throw new BadInput("--stop is empty, expected a text before which an answer ends; leave it out");
  const { temperature, topK, topP, minP } = request;
  await given(() => checkSampling({ temperature, topK, topP, minP })); // before anything is written
  const model = await loadModel(target);
  const { tokenizer, config } = model.model;
  if (!tokenizer)
    throw new BadInput(`${target} has no tokenizer.json; text can't be read without it, expected it beside config.json`);
  if (request.chat && !tokenizer.chat) throw new BadInput(`${target} has no chat template; leave --chat out`);
  const texts = prompts.map((prompt) =>
    request.chat ? tokenizer.chat!([{ role: "user", content: prompt }], { answer: true }) : prompt,
  );
  tellUnknown(
    tokenizer,
    texts.map((text) => promptIds(tokenizer, text)),
    texts.length === 1 ? "the prompt" : "the prompts",
    moreWords(false),
  );
  const room = maxLength ?? Math.max(1, Math.floor(config.context / 2));
  const asked = texts.map((text) => {
    const x = promptIds(tokenizer, text);
    const [cut] = fitContext([{ x, y: { actions: new Int32Array(Math.min(room, config.context - 1)) } }], config.context).cuts;
    if (!cut || cut.prompt === 0) return text;
    say(`note: the prompt has ${x.length} tokens, the context ${config.context}: its first ${cut.prompt} are left out`);
    return tokenizer.decode(x.subarray(cut.prompt));
  });
  const sampling = { temperature, topK, topP, minP, seed, stopTexts: stop, ...(maxLength === undefined ? {} : { maxLength }) };
  const began = performance.now();
  let responses: string[];
  const streamed = asked.length === 1 && n === 1 && !json;
  if (streamed) {
    process.stdout.write(prompts[0]);
    let text = "";
    await given(async () => {
      for await (const piece of model.generate(asked[0], sampling)) {
        process.stdout.write(piece);
        text += piece;
      }
    });
    process.stdout.write("\n");
    responses = [text];
  } else {
    const all = asked.flatMap((text) => new Array<string>(n).fill(text));
    responses = await given(() => model.complete(all, sampling));
  }
  const seconds = (performance.now() - began) / 1000;
  const tokens = responses.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
  const of = (i: number) => responses.slice(i * n, (i + 1) * n);
  if (json) {
    printJson({
      model: target,
      seed,
      responses: prompts.map((prompt, i) => ({ prompt, responses: of(i) })),
      tokens,
      tokensPerSecond: tokens / seconds,
      seconds,
    });
    return;
  }
  if (!streamed) {
    prompts.forEach((prompt, i) => {
      for (const response of of(i)) print(`${prompt}${response}\n`);
    });
  }
  say(`${counted(tokens, "token")}, ${short(tokens / seconds)} tokens/s`);
}
