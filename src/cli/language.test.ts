import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { characters } from "../data/index.ts";
import { firstTheta, gpt2, languageFamily, languageModel } from "../policies/index.ts";
import { evaluate } from "./evaluate.ts";
import { evaluateLanguage } from "./evaluate-language.ts";
import { BadInput } from "./exit.ts";
import { generate } from "./generate.ts";
import { kindOfTexts } from "./preferences.ts";
import { runTrain } from "./run-train.ts";
import { score } from "./score.ts";

const folder = mkdtempSync(join(tmpdir(), "apprentice-language-"));
const before = process.cwd();
const pairs = Array.from({ length: 15 }, (_, i) => ({ prompt: "The cat", chosen: ` sat ${i}.`, rejected: ` ran ${i}.` }));
const lines = (records: readonly object[]) => `${records.map((record) => JSON.stringify(record)).join("\n")}\n`;

beforeAll(() => {
  process.chdir(folder);
  writeFileSync("texts.txt", "The cat sat.\n\nThe dog ran.\n");
  writeFileSync("pairs.jsonl", lines(pairs));
  writeFileSync("same.jsonl", lines([...pairs, { prompt: "The cat", chosen: " sat.", rejected: " sat." }]));
  writeFileSync("silent.jsonl", lines([...pairs, { prompt: "The cat", chosen: "", rejected: " sat." }]));
  writeFileSync("blank.jsonl", lines([...pairs, { prompt: "The cat", chosen: " sat.", rejected: " \n" }]));
  writeFileSync("foreign.jsonl", lines([...pairs, { prompt: "The cat", chosen: " ξ", rejected: " ψ" }]));
  const long = " sat sat sat sat";
  writeFileSync("long.jsonl", lines([...pairs, { prompt: "The cat", chosen: `${long} 1`, rejected: `${long} 2` }]));
  writeFileSync("cut.jsonl", `${lines(pairs)}{"prompt": "The\n`);
  writeFileSync("latin.jsonl", Buffer.concat([Buffer.from(lines(pairs)), Buffer.from([0x7b, 0xe9, 0x7d, 10])]));
  writeFileSync("other.jsonl", lines([{ colour: "red" }]));
  writeFileSync("mixed.jsonl", lines([...pairs, { prompt: "The cat", completion: " sat.", label: true }]));
  writeFileSync("no-taste.tsv", "mat is bad\n");
  const family = languageFamily(
    gpt2({ vocabulary: 30, context: 16, width: 8, layers: 1, heads: 1 }),
    characters(["The cat sat. The dog ran. 0123456789"], { most: 30 }),
  );
  const files = languageModel(family, firstTheta(family, 0)).files();
  for (const name of ["sft", "broken", "empty"]) mkdirSync(name);
  mkdirSync("finished/model", { recursive: true });
  writeFileSync(
    "finished/config.json",
    JSON.stringify({ format: 1, algorithm: "sft", seed: 0, options: {}, problem: {}, command: [], versions: {} }),
  );
  writeFileSync("finished/model/config.json", "{}");
  const hollow = ["sat", "", "ran", " "].map((completion) => ({ prompt: "The cat", completion }));
  writeFileSync("hollow.jsonl", lines(hollow));
  for (const [name, bytes] of files) {
    writeFileSync(join("sft", name), bytes);
    writeFileSync(join("broken", name), name === "model.safetensors" ? bytes.subarray(0, bytes.length - 8) : bytes);
  }
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterAll(() => {
  vi.restoreAllMocks();
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

/** The options of a line as the command line's parser gives them. */
function parsed(words: readonly string[]): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (let i = 0; i < words.length; ) {
    const name = words[i++].slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const values: string[] = [];
    while (i < words.length && !words[i].startsWith("--")) values.push(words[i++]);
    options[name] = ["set", "prompt", "stop"].includes(name) ? values : (values[0] ?? true);
  }
  return options;
}

async function asked(line: string): Promise<unknown> {
  const [command, target, ...rest] = line.split(" ");
  if (target === "--resume")
    return runTrain(undefined, { seed: 0, checkpointEvery: 2, ...parsed([target, ...rest]) } as never, []);
  const options = parsed(rest);
  if (command === "evaluate") return evaluateLanguage({ target, seed: 0, ...options } as never);
  if (command === "generate") {
    const usual = { n: 1, temperature: 1, topK: 0, topP: 1, minP: 0, seed: 0, json: true };
    const { temperature } = options;
    return generate({ target, ...usual, ...options, ...(temperature ? { temperature: Number(temperature) } : {}) } as never);
  }
  return runTrain(target, { seed: 0, judgeEpisodes: 1, checkpointEvery: 2, out: "refused", ...options } as never, []);
}

/** What is asked, and what the one line must say. */
const cases: readonly (readonly [what: string, line: string, says: RegExp])[] = [
  ["no model", "train sft --data texts.txt", /no model was named; give --model .*tiny-gpt2/],
  ["no data", "train sft --model tiny-gpt2", /there are no texts; give --data FILE/],
  ["a model that isn't there", "train sft --model nobody --data texts.txt", /nobody: there is no such folder/],
  ["data that aren't there", "train sft --model tiny-gpt2 --data no.txt", /no.txt: there is no such file/],
  ["a damaged model", "train dpo --model broken --data pairs.jsonl", /broken: model.safetensors: /],
  ["a folder that is no model", "train dpo --model empty --data pairs.jsonl", /config.json is missing/],
  [
    "a new size for a trained model",
    "train dpo --model sft --data pairs.jsonl --set width=32",
    /--set width: .*sft has its own; leave it out/,
  ],
  [
    "a new vocabulary for a trained model",
    "train dpo --model sft --tokenizer words --data pairs.jsonl",
    /--tokenizer words makes a new vocabulary/,
  ],
  [
    "a context that a trained model does not have",
    "train sft --model sft --data texts.txt --set context=512",
    /--set context=512: .*sft reads at most 16 tokens; leave it out/,
  ],
  [
    "completions that are empty, all of them by number",
    "train sft --model sft --data hollow.jsonl",
    /hollow.jsonl: record 2, 4: the completion is empty; correct it, or leave .*unusable=leave-out/,
  ],
  [
    "samples of what a reward model would write",
    "train reward-model --model sft --data pairs.jsonl --set samples=2",
    /reward-model has no setting "samples"/,
  ],
  [
    "settings for a run that is gone on with, with the way to train its model further",
    "train --resume finished --set epochs=5",
    /found --set beside it; .*trained on by --model finished with another --out/,
  ],
  [
    "heads that don't divide the width",
    "train sft --model tiny-gpt2 --data texts.txt --set width=30 heads=4",
    /a width of 30 is not 4 heads/,
  ],
  [
    "a response compared with itself",
    "train dpo --model sft --data same.jsonl",
    /same.jsonl: record 16: chosen and rejected are the same response/,
  ],
  [
    "an empty response",
    "train dpo --model sft --data silent.jsonl",
    /silent.jsonl: record 16: the chosen response is empty.*unusable=leave-out/,
  ],
  [
    "a response of blanks alone",
    "train reward-model --model sft --data blank.jsonl",
    /blank.jsonl: record 16: the rejected response is empty/,
  ],
  [
    "responses that differ in unknown words alone",
    "train dpo --model sft --data foreign.jsonl",
    /foreign.jsonl: record 16: chosen and rejected differ only in what the vocabulary does not have; take a larger vocabulary/,
  ],
  [
    "responses that differ behind the context alone",
    "train reward-model --model sft --data long.jsonl",
    /long.jsonl: record 16: chosen and rejected differ only behind the end of the context; take a longer context/,
  ],
  ["a mistyped algorithm", "train dpq --model sft --data pairs.jsonl", /unknown algorithm "dpq"; the nearest are dpo/],
  ["a malformed line", "train dpo --model sft --data cut.jsonl", /cut.jsonl: line 16 is not JSON/],
  ["bytes that are not UTF-8", "train sft --model sft --data latin.jsonl", /latin.jsonl: line 16 is not UTF-8/],
  [
    "records of another kind",
    "train sft --model sft --data other.jsonl",
    /other.jsonl: line 1 has the fields "colour", expected text/,
  ],
  [
    "texts where comparisons are learned from",
    "train dpo --model sft --data texts.txt",
    /texts.txt: the format is not known by its name/,
  ],
  [
    "an unknown loss",
    "train dpo --model sft --data pairs.jsonl --set loss=sigmund",
    /there is no loss "sigmund"; there are sigmoid/,
  ],
  [
    "a loss without its dial, before data are looked for",
    "train dpo --model sft --data none.jsonl --set loss=exo_pair",
    /--set loss=exo_pair: the loss exo_pair needs labelSmoothing > 0/,
  ],
  [
    "a rate below 0, before data are looked for",
    "train dpo --model sft --data none.jsonl --set learningRate=-1",
    /--set learningRate=-1: learningRate takes a number above 0, found "-1"/,
  ],
  [
    "a reward that is no file of words, before the folder of the run",
    "train rlhf --model sft --data pairs.jsonl --reward pairs.jsonl --out sft",
    /pairs.jsonl: line 1 is .*expected a word, a tab/,
  ],
  [
    "one response to a prompt, before the folder of the run",
    "train rlhf --model sft --data pairs.jsonl --reward none.tsv --out sft --set method=rloo group=1",
    /--set .*group=1: rloo compares responses to the same context, found group 1/,
  ],
  [
    "an unknown setting",
    "train dpo --model sft --data pairs.jsonl --set betta=1",
    /dpo has no setting "betta"; the nearest are beta/,
  ],
  [
    "an unknown target of adapters",
    "train sft --model sft --data texts.txt --set lora.rank=2 lora.targets=q_proj",
    /gpt2 has no module q_proj/,
  ],
  ["an environment for texts", "train sft --model sft --data texts.txt --env CartPole-v1", /--env means nothing to sft/],
  ["a model for an environment", "train bc --env CartPole-v1 --model sft", /--model means nothing to bc.*sft, dpo/],
  [
    "an expert where nobody is asked",
    "train sft --model sft --data texts.txt --expert taste.tsv",
    /--expert means nothing to sft/,
  ],
  [
    "a taste that is none",
    "train dpo --model sft --data texts.txt --expert no-taste.tsv",
    /no-taste.tsv: line 1 is "mat is bad", expected a word, a tab/,
  ],
  ["a folder without a model to generate", "generate empty --prompt x", /config.json is missing/],
  ["a temperature below 0", "generate sft --prompt x --temperature -1", /temperature is 0 or a positive number/],
  ...Object.entries({
    lr: "learningRate",
    learning_rate: "learningRate",
    per_device_train_batch_size: "batchSize",
    num_train_epochs: "epochs",
    max_length: "context",
    loss_type: "loss",
    lora_r: "lora.rank",
  }).map(
    ([name, own]) =>
      [
        `${name}, as other libraries have it`,
        `train dpo --model sft --data pairs.jsonl --set ${name}=1`,
        new RegExp(`dpo has no setting "${name}"; here it is ${own};`),
      ] as const,
  ),
  ["an answer that ends before nothing", "generate sft --prompt x --stop ", /--stop is empty/],
  ["an empty model's name to evaluate", "evaluate tiny-gpt2 --data texts.txt", /has learned nothing yet/],
];

describe("a folder of another kind is told by what it is, with what to do", () => {
  beforeAll(() => {
    mkdirSync("rm/reward", { recursive: true });
    writeFileSync("rm/reward/reward.json", "{}");
    mkdirSync("rm/checkpoint");
    cpSync("sft", "run/model", { recursive: true });
    for (const [name, algorithm] of Object.entries({ rm: "reward-model", run: "sft" })) {
      const config = { format: 1, algorithm, seed: 0, options: {}, problem: {}, command: [], versions: {} };
      writeFileSync(`${name}/config.json`, JSON.stringify(config));
    }
  });
  const usual = { episodes: 1, seed: 0 };

  it("a language model is evaluated on data", async () => {
    for (const target of ["run", "sft"])
      await expect(evaluate({ target, ...usual })).rejects.toThrow(`${target} is a language model; give --data FILE`);
  });

  it("a reward model is scored by", async () => {
    const says = /rm is a reward model.*apprentice score .*rm --data FILE/;
    await expect(evaluate({ target: "rm", ...usual })).rejects.toThrow(says);
    await expect(asked("evaluate rm --data pairs.jsonl")).rejects.toThrow(says);
    await expect(asked("generate rm --prompt x")).rejects.toThrow(says);
    await expect(score({ target: "run", data: "pairs.jsonl" })).rejects.toThrow(
      /run is a language model, expected a reward model/,
    );
  });

  it("nothing is written before a way of drawing that can't be is refused", async () => {
    const out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const sampling = { n: 1, temperature: 1, topK: 0, topP: 2, minP: 0, seed: 0 };
    await expect(generate({ target: "sft", prompt: ["The"], ...sampling })).rejects.toThrow(/top/);
    expect(out).not.toHaveBeenCalled();
    out.mockRestore();
  });
});

describe("what can't be learned from is refused in one line, and nothing is left behind", () => {
  it.each(cases)("%s", async (_what, line, says) => {
    const error = await asked(line).then(
      () => new Error("nothing was refused"),
      (thrown: Error) => thrown,
    );
    expect(error.message).toMatch(says);
    expect(error.message).not.toContain("\n");
    expect(error).toBeInstanceOf(BadInput);
    expect(readdirSync(".")).not.toContain("refused");
  });
});

it("a file of JSON is of preferences or of texts by its first record, not by its lines", async () => {
  writeFileSync("array.json", JSON.stringify(pairs, null, 1));
  writeFileSync("array-texts.json", JSON.stringify([{ text: "The cat sat." }]));
  expect(await Promise.all(["array.json", "array-texts.json", "pairs.jsonl"].map(kindOfTexts))).toEqual([
    "preferences",
    "texts",
    "preferences",
  ]);
});

it("a run of one update learns, and says that it is short and how much of the text was unknown", async () => {
  const told = vi.mocked(process.stderr.write);
  told.mockClear();
  writeFileSync("ten.jsonl", lines([...pairs.slice(0, 10), { prompt: "The ψ", chosen: " sat.", rejected: " " }]));
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const line = (name: string) => `train ${name} --model sft --data ten.jsonl --out ${name}-short --json --set unusable=leave-out`;
  for (const name of ["dpo", "sft"]) await asked(`${line(name)} batchSize=64 epochs=1${name === "dpo" ? " klSamples=0" : ""}`);
  const found = printed.mock.calls.map(([text]) => JSON.parse(String(text)) as Record<string, unknown>);
  printed.mockRestore();
  expect(found.map(({ updates }) => updates)).toEqual([1, 1]);
  const weights = (folder: string) => readFileSync(join(folder, "model.safetensors"));
  for (const name of ["dpo", "sft"]) expect(weights(`${name}-short/model`).equals(weights("sft"))).toBe(false);
  const said = told.mock.calls.map(([text]) => String(text)).join("");
  expect(said).toMatch(/note: 1 update in all, .*--set epochs=N, now 1.*--set batchSize=N, now 64/);
  expect(said).toMatch(/1 of 11 records is left out: 1 with an empty response/);
  expect(said).toMatch(/ten\.jsonl are unknown to the vocabulary/);
  expect(said).toMatch(/trained: 1 update in/);
});

it("a run that learned its texts by heart says in the terminal and in the report when the held-out loss was lowest", async () => {
  const told = vi.mocked(process.stderr.write);
  told.mockClear();
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  writeFileSync("few.txt", "0918273645\n\n3141592653\n\n2718281828\n\n1414213562\n");
  await asked("train sft --model sft --data few.txt --out by-heart --set epochs=60 learningRate=0.05 validation=0.5 samples=0");
  printed.mockRestore();
  const note = /the held-out loss was lowest after epoch \d+ .* and ended at .*; what was best is kept/;
  expect(told.mock.calls.map(([text]) => String(text)).join("")).toMatch(note);
  expect(readFileSync("by-heart/report.html", "utf8")).toMatch(note);
});

it("a run of DPO is evaluated against the reference that it began with, unless another one is named", async () => {
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await asked("train dpo --model sft --data pairs.jsonl --out near --set updates=2 klSamples=0 samples=0");
  printed.mockClear();
  await asked("evaluate near --data pairs.jsonl --json");
  await asked("evaluate sft --data pairs.jsonl --json");
  const [run, plain] = printed.mock.calls.map(([text]) => JSON.parse(String(text)) as Record<string, unknown>);
  printed.mockRestore();
  expect(run.reference).toBe(join(process.cwd(), "sft"));
  expect(run).toHaveProperty("kl");
  expect(run).toHaveProperty("preferenceAccuracy");
  expect(plain).not.toHaveProperty("reference");
  expect(plain).not.toHaveProperty("kl");
});

it("a file that is read a page at a time is fine-tuned on, and preferences too", async () => {
  const said = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  for (const algorithm of ["sft", "dpo"]) {
    const line = `train ${algorithm} --model sft --data pairs.jsonl --out ${algorithm}-paged --set paged=true samples=0`;
    await asked(`${line} ${algorithm === "sft" ? "page=4 batchSize=2 epochs=1" : "batchSize=4 klSamples=0 epochs=1"} --json`);
  }
  const [sft, dpo] = said.mock.calls.map(([text]) => JSON.parse(String(text)) as Record<string, number>);
  said.mockRestore();
  expect(sft.updates).toBeGreaterThanOrEqual(7);
  expect(dpo.updates).toBe(4);
});
