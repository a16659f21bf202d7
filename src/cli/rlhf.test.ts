import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
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
async function trained(more: Readonly<Record<string, unknown>>, algorithm = "rlhf"): Promise<Record<string, { after: number }>> {
  const printed: string[] = [];
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  try {
    const options = { judgeEpisodes: 1, seed: 0, checkpointEvery: 0, json: true, ...more };
    await runTrain(more.resume === undefined ? algorithm : undefined, options as never, []);
  } finally {
    spy.mockRestore();
  }
  return JSON.parse(printed.join("").trim().split("\n").pop() ?? "");
}

const asked = { model: "sft", data: "prompts.jsonl", set: QUICK };

describe("apprentice train rlhf", () => {
  it("trains a language model under a lexicon from prompts alone, and measures the expert's own score beside it", async () => {
    const set = [...QUICK.filter((one) => one !== "samples=1"), "samples=3", "validation=0"];
    const found = await trained({ ...asked, set, reward: "taste.tsv", expert: "taste.tsv", out: "lexicon" });
    expect(found.reward).toEqual(found.gold);
    expect(found.on).toBe("12 training prompts, none being held out");
    const samples = found.samples as unknown as { prompt: string }[];
    expect(new Set(samples.map(({ prompt }) => prompt))).toEqual(new Set(prompts)); // different ones, where there are any
    expect(found.kl.after).toBeGreaterThan(0);
    expect(readdirSync("lexicon/model").sort()).toEqual(["config.json", "model.safetensors", "vocabulary.json"]);
    const records = readFileSync("lexicon/metrics.jsonl", "utf8").trim().split("\n");
    expect(records.length).toBe(3);
    expect(records[2]).toMatch(/"reward":.*"gold":.*"kl":/);
  });

  it("trains under a reward model", async () => {
    expect((await trained({ ...asked, reward: "rm", out: "learned" })).reward.after).toEqual(expect.any(Number));
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

describe("a reward on the other side of the network", () => {
  type Fault = (reply: ServerResponse, n: number) => void;
  /** What happens instead of an answer, and to which request. */
  let fault: Fault | undefined;
  let failing = 4;
  const sizes: number[] = [];
  const server = createServer((request, reply) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      const { items } = JSON.parse(body) as { items: { prompt: string; response: string }[] };
      sizes.push(items.length);
      if (sizes.length === failing && fault) return void fault(reply, items.length);
      reply.end(JSON.stringify({ scores: items.map(({ prompt, response }) => response.length + prompt.length / 10) }));
    });
  });
  let port = 0;
  const listen = () => new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const down = () => new Promise<void>((done) => server.close(() => done()).closeAllConnections());
  const set = [...QUICK, "requestSize=8", "timeout=2"];
  const run = (out: string) => trained({ ...asked, set, reward: `http://127.0.0.1:${port}/`, out });

  beforeAll(async () => {
    await listen();
    port = (server.address() as AddressInfo).port;
    await run("whole");
  });
  afterAll(down);

  const faults: readonly [string, Fault, RegExp][] = [
    [
      "down",
      (reply) => void down().then(() => reply.destroy()),
      /(it can't be reached|it closed the connection).*; tried 1 time,/,
    ],
    ["slow", () => {}, /no answer within 2 s; tried 1 time, is the server running\?/],
    ["failing", (reply) => reply.writeHead(500).end(), /it answered with status 500; tried 1 time; 8 of 16/],
    ["refusing", (reply) => reply.writeHead(401).end(), /it answered with status 401, expected 200/],
    ["answering NaN", (reply, n) => reply.end(`{"scores":[${new Array(n).fill("NaN")}]}`), /which is not JSON, expected/],
    [
      "answering null",
      (reply, n) => reply.end(`{"scores":[${new Array(n).fill("null")}]}`),
      /score 1 of 8 is null, expected a finite/,
    ],
    ["too short", (reply) => reply.end('{"scores":[1,2,3]}'), /it gave 3 of the 8 scores that were asked for, expected one each/],
    ["a page", (reply) => reply.end("<html>sorry</html>"), /it answered "<html>sorry<\/html>", which is not JSON/],
    ["cut off", (reply) => void reply.write('{"scores":[1,', () => reply.destroy()), /it closed the connection in the middle/],
  ];

  it("that fails in every way, one after the other, stops the run with what was scored; --resume goes on, bit for bit", async () => {
    for (const [name, happens, message] of faults) {
      fault = happens;
      // Two requests make a round of 16 responses: the fourth is the second of round 2. Later runs ask for these 8 alone.
      failing = name === "down" ? 4 : 1;
      sizes.length = 0;
      const error = await (name === "down" ? run("cut") : trained({ resume: "cut" })).catch((reason) => reason);
      expect(error?.message, name).toMatch(/^round 2: the reward failed: http:\/\/127.0.0.1.*[^\n]*$/);
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(
        /; 8 of 16 responses have no score, the others are kept.*go on with: apprentice train --resume/,
      );
      if (!server.listening) await listen();
    }
    fault = undefined;
    sizes.length = 0;
    await trained({ resume: "cut" });
    expect(sizes[0]).toBe(8);
    expect(readFileSync("cut/model/model.safetensors")).toEqual(readFileSync("whole/model/model.safetensors"));
    expect(readFileSync("cut/metrics.jsonl", "utf8").match(/"reward":/g)?.length).toBe(3);
  });

  it("is asked again where it was busy, and nothing is different for it", async () => {
    sizes.length = 0;
    failing = 4;
    fault = (reply) => reply.writeHead(503).end();
    const patient = [...set.filter((one) => !one.startsWith("retries")), "retries=1"];
    await trained({ ...asked, set: patient, reward: `http://127.0.0.1:${port}/`, out: "patient" });
    expect(sizes.slice(0, 6)).toEqual([8, 8, 8, 8, 8, 8]);
    expect(readFileSync("patient/model/model.safetensors")).toEqual(readFileSync("whole/model/model.safetensors"));
  });

  it("is asked as patiently by online DPO, whose expert it can be", async () => {
    const own = ["rounds=2", "comparisons=8", "updatesPerRound=2", "batchSize=4", "klSamples=0", "samples=1"];
    const dpo = (out: string, retries: number) =>
      trained({ ...asked, set: [...own, `retries=${retries}`], expert: `http://127.0.0.1:${port}/`, out }, "dpo");
    fault = undefined;
    await dpo("dpo whole", 0);
    for (const retries of [1, 0]) {
      fault = (reply) => reply.writeHead(503).end();
      failing = 3; // two requests make a round: the scores of the first responses, and of the second
      sizes.length = 0;
      const out = `dpo ${retries}`;
      if (retries > 0) await dpo(out, retries);
      else {
        await expect(dpo(out, 0)).rejects.toThrow(/round 2: the expert failed: http:.*status 503; tried 1 time.*--resume/);
        await trained({ resume: out });
      }
      expect(readFileSync(join(out, "model/model.safetensors"))).toEqual(readFileSync("dpo whole/model/model.safetensors"));
    }
  });

  it.each([
    ["http://", {}, /http:\/\/: expected an address such as http:\/\/localhost:8000\/score/],
    ["http://localhost:1/", { set: [...QUICK, "timeout=0"] }, /timeout is 0, expected seconds, more than 0/],
  ])("%s %j is refused before a folder is made", async (reward, more, message) => {
    const error = await trained({ ...asked, ...more, reward, out: "never" }).catch((reason) => reason);
    expect(error).toBeInstanceOf(BadInput);
    expect(error.message).toMatch(message);
    expect(readdirSync(".")).not.toContain("never");
  });
});
