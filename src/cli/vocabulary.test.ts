import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { rng } from "../autodiff/index.ts";
import { runTrain } from "./run-train.ts";

const folder = mkdtempSync(join(tmpdir(), "apprentice-vocabulary-"));
const at = (name: string) => join(folder, name);
const random = rng(0);
const word = () => Array.from({ length: 7 }, () => String.fromCharCode(97 + random.integer(26))).join("");
const NOISE = Array.from({ length: 240 }, () => ({ prompt: "Say a word:", chosen: ` ${word()}.`, rejected: ` ${word()}.` }));
const SMALL = ["width=16", "layers=1", "heads=2", "context=16", "batchSize=32", "learningRate=0.003", "validation=0.5"];

beforeAll(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  writeFileSync(at("noise.jsonl"), NOISE.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const ratings = NOISE.flatMap(({ prompt, chosen, rejected }) => [
    { prompt, completion: chosen, label: true },
    { prompt, completion: rejected, label: false },
  ]);
  writeFileSync(at("ratings.jsonl"), ratings.map((record) => `${JSON.stringify(record)}\n`).join(""));
});
afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function trained(algorithm: string, data: string, set: readonly string[]): Promise<Record<string, { after: number }>> {
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const out = at(`${algorithm}-${data}`);
  const request = { model: "tiny-llama", data: at(data), out, seed: 0, set: [...SMALL, ...set], checkpointEvery: 60, json: true };
  await runTrain(algorithm, request as never, []);
  const found = JSON.parse(String(printed.mock.calls.at(-1)?.[0]));
  printed.mockRestore();
  return found;
}

const known = (path: string) => new Set(JSON.parse(readFileSync(at(join(path, "vocabulary.json")), "utf8")).pieces as string[]);

it("where chosen and rejected words are drawn alike, nothing that was held out is ranked better than by chance", async () => {
  for (const [algorithm, set] of [
    ["reward-model", []],
    ["dpo", ["klSamples=0", "samples=0"]],
  ] as const) {
    const { accuracy } = await trained(algorithm, "noise.jsonl", set);
    expect(accuracy.after, algorithm).toBeGreaterThan(0.35); // 120 held-out comparisons: 0.5 +- 0.09
    expect(accuracy.after, algorithm).toBeLessThan(0.65);
  }
});

it("a new model's vocabulary has the words of rejected responses and of bad ones, whatever is learned from the file", async () => {
  for (const data of ["noise.jsonl", "ratings.jsonl"]) {
    await trained("sft", data, ["samples=0", "updates=1"]);
    const words = known(`sft-${data}/model`);
    expect(NOISE.every(({ chosen, rejected }) => words.has(chosen.slice(0, -1)) && words.has(rejected.slice(0, -1)))).toBe(true);
  }
});
