import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apprentice, begin, interrupted, lastLine, newestRound, newFolder } from "./command.ts";

const folder = newFolder();
const at = (name: string) => join(folder, name);
const NEW = "--set width=16 layers=1 heads=2 context=24 samples=1";
const TRAINED = "--set klSamples=4 samples=1";

const animals = ["cat", "dog", "bird", "cow", "fox"];
const places = ["on the mat", "in the tree", "at the door", "by the sea"];
const sentences = animals.flatMap((animal) => places.map((place) => `The ${animal} sat ${place}.`));
const pairs = animals.flatMap((animal) =>
  places.slice(1).map((place) => ({ prompt: `The ${animal}`, chosen: ` sat ${place}.`, rejected: ` sat ${places[0]}.` })),
);
const lines = (records: readonly object[]) => `${records.map((record) => JSON.stringify(record)).join("\n")}\n`;

beforeAll(async () => {
  writeFileSync(at("texts.txt"), `${sentences.join("\n\n")}\n`);
  writeFileSync(at("pairs.jsonl"), lines(pairs));
  writeFileSync(at("same.jsonl"), lines([...pairs, { prompt: "The cat", chosen: " sat.", rejected: " sat." }]));
  writeFileSync(at("taste.tsv"), "mat\t-1\nsea\t2\n");
  const sft = await apprentice(
    `train sft --model tiny-gpt2 --data texts.txt ${NEW} epochs=2 batchSize=2 --out sft --json`,
    folder,
  );
  expect(sft.err + sft.code).toMatch(/0$/);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("language models on the command line", () => {
  it("fine-tuning, then DPO from its folder, then evaluation and generation", async () => {
    const dpo = await apprentice(
      `train dpo --model sft --data pairs.jsonl ${TRAINED} batchSize=4 learningRate=0.01 epochs=6 beta=0.5 --out dpo --json`,
      folder,
    );
    expect(dpo.code, dpo.err).toBe(0);
    const report = lastLine(dpo) as {
      accuracy: { after: number };
      kl: { after: number };
      samples: unknown[];
      tokensPerSecond: number;
    };
    expect(report.accuracy.after).toBeGreaterThan(0.5);
    expect(report.kl.after).toBeGreaterThan(0);
    expect(report.samples.length).toBe(1);
    expect(report.tokensPerSecond).toBeGreaterThan(0);
    expect(readdirSync(at("dpo/model")).sort()).toEqual(["config.json", "model.safetensors", "vocabulary.json"]);

    const [evaluated, first, second] = await Promise.all([
      apprentice("evaluate dpo --data pairs.jsonl --reference sft --json", folder),
      begin(["generate", "dpo", "--prompt", "The cat", "-n", "2", "--max-length", "6", "--seed", "4", "--json"], folder).ended,
      begin(["generate", "dpo/model", "--prompt", "The cat", "-n", "2", "--max-length", "6", "--seed", "4", "--json"], folder)
        .ended,
    ]);
    const found = lastLine(evaluated) as { preferenceAccuracy: { mean: number }; perplexity: number; comparisons: number };
    expect(found.comparisons).toBe(pairs.length);
    expect(found.preferenceAccuracy.mean).toBeGreaterThan(0.8);
    expect(found.perplexity).toBeGreaterThan(1);
    const said = lastLine(first) as { responses: [{ responses: string[] }] };
    expect(said.responses[0].responses.length).toBe(2);
    expect((lastLine(second) as typeof said).responses).toEqual(said.responses);
  });

  it("adapters alone are trained, and kept beside the merged model; an expert is asked online", async () => {
    const asked = await apprentice(
      `train dpo --model sft --data texts.txt --expert taste.tsv ${TRAINED} lora.rank=2 rounds=2 comparisons=8 updatesPerRound=2 batchSize=4 --out asked --json`,
      folder,
    );
    expect(asked.code, asked.err).toBe(0);
    expect(lastLine(asked)).toHaveProperty("score.after");
    expect(readdirSync(at("asked/adapter")).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
  });

  it("a stopped run goes on bit for bit", async () => {
    const line = (out: string) =>
      `train sft --model tiny-llama --tokenizer characters --data texts.txt --set width=16 layers=1 heads=2 context=24 samples=0 epochs=5 batchSize=1 --checkpoint-every 0 --out ${out}`;
    const whole = await apprentice(line("whole"), folder);
    expect(whole.code, whole.err).toBe(0);
    const stopped = await interrupted(line, "halved", (out) => newestRound(at(out)) >= 2, "SIGINT", folder);
    expect(stopped.code, stopped.err).toBe(130);
    const resumed = await apprentice(`train --resume ${stopped.name}`, folder);
    expect(resumed.code, resumed.err).toBe(0);
    for (const file of ["model/model.safetensors", "metrics.jsonl", "verdict.json"]) {
      expect(readFileSync(at(`${stopped.name}/${file}`)).equals(readFileSync(at(`whole/${file}`))), file).toBe(true);
    }
  });
});

describe("on the command line itself", () => {
  it("what can't be is refused in one line, and nothing is left behind", async () => {
    const { code, err } = await apprentice("train dpo --model sft --data same.jsonl --out refused", folder);
    expect(err.trimEnd().split("\n").at(-1)).toMatch(
      /^error: .*same.jsonl: record 16: chosen and rejected are the same response/,
    );
    expect(code).toBe(2);
    expect(readdirSync(folder)).not.toContain("refused");
  });
});
