import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { rng } from "../autodiff/index.ts";
import { words } from "../data/index.ts";
import { firstTheta, gpt2, languageFamily, languageModel } from "../policies/index.ts";
import { type RewardModelChoice, rewardModelFiles, rewardModelOn } from "../rewards/index.ts";
import { BadInput } from "./exit.ts";
import { runTrain } from "./run-train.ts";

const folder = mkdtempSync(join(tmpdir(), "apprentice-rlhf-"));
const before = process.cwd();
const prompts = ["the cat", "a dog", "the sea"];
const QUICK = ["rounds=3", "prompts=8", "group=2", "batchSize=16", "maxLength=5", "learningRate=0.01", "samples=1", "retries=0"];

function model(texts: readonly string[]) {
  const tokenizer = words(texts);
  const family = languageFamily(gpt2({ vocabulary: tokenizer.size, context: 12, width: 8, layers: 1, heads: 1 }), tokenizer);
  return languageModel(family, firstTheta(family, 0));
}

function save(name: string, files: ReadonlyMap<string, Uint8Array>) {
  mkdirSync(name);
  for (const [file, bytes] of files) writeFileSync(join(name, file), bytes);
}

beforeAll(() => {
  process.chdir(folder);
  const policy = model(["the cat is good", "a dog is bad", "the sea is good"]);
  save("sft", policy.files());
  const choice: RewardModelChoice = { kind: "explicit", pooling: "last", backbone: "trained", lengthNormalised: false, beta: 1 };
  for (const [name, base] of [
    ["rm", policy],
    ["other", model(["nothing of this is the same"])],
  ] as const) {
    save(name, rewardModelFiles(base, choice, [rewardModelOn(base, choice).first(rng(1))]));
  }
  writeFileSync(
    "prompts.jsonl",
    Array.from({ length: 12 }, (_, i) => `${JSON.stringify({ prompt: prompts[i % 3] })}\n`).join(""),
  );
  writeFileSync("mixed.jsonl", '{"prompt": "the cat"}\n{"text": "the sea"}\n');
  writeFileSync("taste.tsv", "good\t1\nbad\t-1\n");
  writeFileSync("broken.onnx", "this is no model");
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterAll(() => {
  process.chdir(before);
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** What the command prints as its last line. */
async function trained(more: Readonly<Record<string, unknown>>): Promise<Record<string, { after: number }>> {
  const printed: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  try {
    const options = { judgeEpisodes: 1, seed: 0, checkpointEvery: 0, json: true, ...more };
    await runTrain(more.resume === undefined ? "rlhf" : undefined, options as never, []);
  } finally {
    spy.mockRestore();
  }
  return JSON.parse(printed.join("").trim().split("\n").pop() ?? "");
}

const asked = { model: "sft", data: "prompts.jsonl", set: QUICK };

describe("apprentice train rlhf", () => {
  it("trains a language model under a lexicon from prompts alone, and measures the expert's own score beside it", async () => {
    const found = await trained({ ...asked, reward: "taste.tsv", expert: "taste.tsv", out: "lexicon" });
    expect(found.reward).toEqual(found.gold);
    expect(found.kl.after).toBeGreaterThan(0);
    expect(readdirSync("lexicon/model").sort()).toEqual(["config.json", "model.safetensors", "vocabulary.json"]);
    const records = readFileSync("lexicon/metrics.jsonl", "utf8").trim().split("\n");
    expect(records.length).toBe(3);
    expect(records[2]).toMatch(/"reward":.*"gold":.*"kl":/);
  });

  it("trains under a reward model", async () => {
    expect((await trained({ ...asked, reward: "rm", out: "learned" })).reward.after).toEqual(expect.any(Number));
  });

  it("an endpoint that goes down costs nothing: the run goes on with --resume, bit for bit", async () => {
    let up = 1;
    const server: Server = createServer((request, reply) => {
      let body = "";
      request.on("data", (piece) => {
        body += piece;
      });
      request.on("end", () => {
        if (up-- <= 0) return void reply.writeHead(500).end();
        const { items } = JSON.parse(body) as { items: { response: string }[] };
        reply.end(JSON.stringify({ scores: items.map(({ response }) => response.length) }));
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const reward = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await expect(trained({ ...asked, reward, out: "cut" })).rejects.toThrow(
      /round 2: the reward failed: http.*status 500; tried 1 time, .*16 of 16 responses have no score.*go on with: apprentice train --resume cut/,
    );
    up = 1000;
    await trained({ resume: "cut" });
    await trained({ ...asked, reward, out: "whole" });
    server.close();
    expect(readFileSync("cut/model/model.safetensors")).toEqual(readFileSync("whole/model/model.safetensors"));
  });

  it.each([
    [{}, /there is no reward to be made large; give --reward: the folder of a reward model/],
    [{ reward: "nowhere" }, /nowhere: there is no such file or folder/],
    [{ reward: "broken.onnx" }, /broken.onnx: the bytes are not an ONNX model/],
    [{ reward: "other" }, /the reward model reads another tokenizer's ids \(\d+ tokens, the policy's has \d+\)/],
    [
      { reward: "taste.tsv", data: "mixed.jsonl" },
      /mixed.jsonl: line 2 is .*, expected \{"prompt": "..."\} as in the lines before/,
    ],
    [{ reward: "taste.tsv", set: ["batchSize=7"] }, /minibatches of 7 don't divide/],
  ])("refuses %j before a folder is made", async (more, message) => {
    const error = await trained({ ...asked, out: "never", ...more }).then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(BadInput);
    expect(error.message).toMatch(message);
    expect(readdirSync(".")).not.toContain("never");
  });
});
