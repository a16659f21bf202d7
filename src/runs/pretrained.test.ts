import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../autodiff/index.ts";
import { characters, decodeSafetensors, encodeSafetensors, type NumericArray, numericArray } from "../data/index.ts";
import {
  firstTheta,
  fitContext,
  gpt2,
  languageFamily,
  languageModel,
  llama,
  loraFamily,
  type TransformerConfig,
  transformer,
  writeAdapter,
} from "../policies/index.ts";
import { loadAdapter, loadPretrained, saveFolder } from "./pretrained.ts";

const place = mkdtempSync(join(tmpdir(), "pretrained-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));
let folders = 0;
const fresh = () => join(place, `m${folders++}`);
const tokenizer = characters(["a quick brown fox"]);
const sizes = { vocabulary: tokenizer.size, context: 32, width: 16, layers: 2, heads: 4 };
const family = transformer(gpt2(sizes), tokenizer);
const theta = firstTheta(family, 3).map((value, i) => value + 0.2 * Math.sin(i * 12.9898));
const model = languageModel(family, theta);

describe("a language model in a folder", () => {
  it("is the same when it is loaded again, with its tokenizer and its adapter", async () => {
    const folder = fresh();
    await saveFolder(folder, model.files());
    const again = await loadPretrained(folder);
    expect(again.theta).toEqual(theta);
    expect(await again.complete(["a fox"], { seed: 1, maxLength: 8 })).toEqual(
      await model.complete(["a fox"], { seed: 1, maxLength: 8 }),
    );
    const adapted = loraFamily(family, theta, { rank: 2, alpha: 4 });
    const change = firstTheta(adapted, 1).map((value, i) => value + 0.3 * Math.cos(i));
    await saveFolder(join(folder, "adapter"), writeAdapter(adapted, change, folder));
    const loaded = await loadAdapter(again, join(folder, "adapter"));
    expect(loaded.theta).toEqual(change);
    // Saved as a whole model, the adapter is part of the weights.
    const merged = fresh();
    await saveFolder(merged, loaded.files());
    const whole = await loadPretrained(merged);
    const greedy = { temperature: 0, maxLength: 8 };
    expect(await whole.complete(["a fox"], greedy)).toEqual(await loaded.complete(["a fox"], greedy));
  });

  it("appears whole or not at all, and takes no other's place", async () => {
    const folder = fresh();
    const files = new Map<string, Uint8Array>([...model.files(), ["no/such/place", new Uint8Array(1)]]);
    await expect(saveFolder(folder, files)).rejects.toThrow();
    expect(existsSync(folder) || existsSync(`${folder}.partial`)).toBe(false);
    await saveFolder(folder, model.files());
    await expect(saveFolder(folder, model.files())).rejects.toThrow(
      `${folder}: there is such a folder already; name another one`,
    );
  });
});

describe("a folder that is not what it should be is refused by its name and that of the file", () => {
  const broken = async (change: (folder: string) => void) => {
    const folder = fresh();
    await saveFolder(folder, model.files());
    change(folder);
    const error = await loadPretrained(folder).then(
      () => new Error("was loaded"),
      (own: Error) => own,
    );
    expect(error.message).not.toContain("\n");
    expect(error.message.startsWith(`${folder}: `), error.message).toBe(true);
    return error.message.slice(folder.length + 2);
  };
  const json = (folder: string, file: string, change: (value: Record<string, unknown>) => void) => {
    const value = JSON.parse(readFileSync(join(folder, file), "utf8"));
    change(value);
    writeFileSync(join(folder, file), JSON.stringify(value));
  };
  const weights = (folder: string, change: (arrays: Map<string, NumericArray>) => void) => {
    const file = join(folder, "model.safetensors");
    const arrays = new Map(decodeSafetensors(readFileSync(file)).arrays);
    change(arrays);
    writeFileSync(file, encodeSafetensors(arrays));
  };
  /** A safetensors file whose header says what it likes. */
  const lying = (folder: string, header: object, length?: bigint) => {
    const text = Buffer.from(JSON.stringify(header));
    const bytes = Buffer.alloc(8 + text.length + 16);
    bytes.writeBigUInt64LE(length ?? BigInt(text.length));
    text.copy(bytes, 8);
    writeFileSync(join(folder, "model.safetensors"), bytes);
  };

  it("missing and mismatched tensors are all listed, with their shapes", async () => {
    const message = await broken((folder) =>
      weights(folder, (arrays) => {
        arrays.delete("transformer.h.1.mlp.c_fc.bias");
        arrays.set("transformer.ln_f.weight", numericArray("float32", [15], new Float32Array(15)));
        arrays.set("transformer.h.0.attn.q_norm.weight", numericArray("float32", [4], new Float32Array(4)));
      }),
    );
    expect(message).toBe(
      "model.safetensors: the weights don't fit config.json: transformer.h.1.mlp.c_fc.bias [64] is missing; " +
        "transformer.ln_f.weight has the shape [15], expected [16]; transformer.h.0.attn.q_norm.weight [4] is not known to gpt2",
    );
  });

  it("a header that lies: claims of 10¹⁸ bytes, offsets out of range, overlaps", async () => {
    const one = (offsets: [number, number], shape = [2]) => ({ x: { dtype: "F32", shape, data_offsets: offsets } });
    expect(await broken((folder) => lying(folder, {}, 10n ** 18n))).toMatch(
      /^model\.safetensors: the header has 10{18} bytes, at most/,
    );
    expect(await broken((folder) => lying(folder, one([0, 4e18], [1e18])))).toMatch(
      /^model\.safetensors: "x" has (shape|offsets)/,
    );
    expect(await broken((folder) => lying(folder, one([0, 4_000_000], [1_000_000])))).toMatch(
      /^model\.safetensors: "x" ends at byte 4000000 of the data, the file at 16; it is cut/,
    );
    const overlap = { ...one([0, 8]), y: { dtype: "F32", shape: [2], data_offsets: [4, 12] } };
    expect(await broken((folder) => lying(folder, overlap))).toMatch(/^model\.safetensors: "y" begins at byte 4.*an overlap/);
    expect(await broken((folder) => lying(folder, one([0, 12])))).toMatch(/^model\.safetensors: "x" F32\[2\] takes 8 bytes/);
  });

  it("a tokenizer with more tokens than the embedding has rows", async () => {
    const wide = characters(["a quick brown fox and much more: 0123456789"]);
    const message = await broken((folder) => writeFileSync(join(folder, "vocabulary.json"), wide.files()["vocabulary.json"]));
    expect(message).toBe(
      `vocabulary.json: the tokenizer has ids up to ${wide.size - 1}, the embedding has ${tokenizer.size} rows; take the tokenizer that the weights were trained with`,
    );
  });

  it("a config.json that is missing, of an unknown family, without an entry, or with one of another type", async () => {
    const config = (change: (value: Record<string, unknown>) => void) => broken((folder) => json(folder, "config.json", change));
    expect(await broken((folder) => rmSync(join(folder, "config.json")))).toMatch(/^config\.json is missing/);
    expect(await broken((folder) => writeFileSync(join(folder, "config.json"), "{,"))).toMatch(/^config\.json is not JSON/);
    expect(await config((value) => Object.assign(value, { model_type: "bert" }))).toBe(
      'config.json has model_type "bert", expected one of gpt2, llama, qwen2, mistral, gpt_neox',
    );
    expect(await config((value) => delete value.n_embd)).toBe("config.json has nothing at n_embd, expected a number");
    expect(await config((value) => Object.assign(value, { n_head: "4" }))).toBe(
      'config.json has "4" at n_head, expected a number',
    );
    expect(await config((value) => Object.assign(value, { activation_function: "mish" }))).toMatch(
      /has the activation mish, expected one of/,
    );
    expect(await config((value) => Object.assign(value, { scale_attn_weights: false }))).toBe(
      "config.json has scale_attn_weights false, which is not supported",
    );
    expect(await config((value) => Object.assign(value, { n_head: 3 }))).toMatch(
      /headWidth is a positive whole number, found 5\.33/,
    );
  });

  it("shards that are missing, and an index that says what the files don't", async () => {
    const sharded = async (change: (folder: string) => void) => {
      const folder = fresh();
      await saveFolder(folder, model.files({ shardBytes: 8000 }));
      expect(readdirSync(folder).filter((name) => name.endsWith(".safetensors")).length).toBeGreaterThan(1);
      change(folder);
      return loadPretrained(folder).then(
        (own) => own.theta.length,
        (error: Error) => error.message.slice(folder.length + 2),
      );
    };
    const index = "model.safetensors.index.json";
    const first = (folder: string) => readdirSync(folder).find((name) => name.startsWith("model-00001"))!;
    expect(await sharded(() => {})).toBe(theta.length);
    expect(await sharded((folder) => rmSync(join(folder, first(folder))))).toMatch(
      /^model-00001-of-0000\d\.safetensors is missing; .*index\.json lists it/,
    );
    expect(await sharded((folder) => rmSync(join(folder, index)))).toMatch(
      /^neither model\.safetensors nor .*index\.json is there/,
    );
    const map = (change: (weights: Record<string, string>) => void) =>
      sharded((folder) => json(folder, index, (value) => change(value.weight_map as Record<string, string>)));
    expect(await map((own) => Object.assign(own, { ghost: Object.values(own)[0] }))).toMatch(
      /it lists ghost, which the files don't have/,
    );
    expect(await map((own) => Object.assign(own, { evil: "../../x" }))).toMatch(
      /"\.\.\/\.\.\/x" is not the name of a file in the folder/,
    );
    expect(await map((own) => delete own["transformer.wpe.weight"])).toMatch(
      /transformer\.wpe\.weight is in it, but .* says nothing of it/,
    );
  });

  it("no folder at all", async () => {
    await expect(loadPretrained(join(place, "nowhere"))).rejects.toThrow(
      /nowhere: there is no such folder; expected one with config\.json/,
    );
  });
});

describe("answers and the context", () => {
  const answer = (n: number, T: number) => ({ x: new Int32Array(n).fill(2), y: { actions: new Int32Array(T).fill(3) } });

  it("an answer that is longer than the context is refused with its row and what to do", () => {
    expect(() => family.feeds([answer(2, 3), answer(20, 13)])).toThrow(
      "answer 1: 20 tokens of prompt and 13 of response, the context has 32; cut them with fitContext",
    );
    expect(() => family.feeds([answer(2, 0)])).toThrow(
      "answer 0: the response has no tokens, expected at least one; leave empty responses out",
    );
    expect(() => family.feeds([answer(0, 2)])).toThrow("answer 0: the prompt has no tokens, expected at least one");
    expect(() => family.feeds([{ x: Int32Array.of(99), y: { actions: Int32Array.of(1) } }])).toThrow(
      /answer 0: token 99, expected 0 to \d+/,
    );
  });

  it("prompts lose their beginning, and only then responses their end; what is cut is said", () => {
    const { answers, cuts } = fitContext([answer(2, 3), answer(30, 10), answer(30, 30), answer(4, 40)], 32);
    expect(answers.map(({ x, y }) => [x.length, y.actions.length])).toEqual([
      [2, 3],
      [22, 10],
      [16, 16],
      [4, 28],
    ]);
    expect(cuts).toEqual([
      { row: 1, prompt: 8, response: 0 },
      { row: 2, prompt: 14, response: 14 },
      { row: 3, prompt: 0, response: 12 },
    ]);
  });
});

// Where $APPRENTICE_PYTHON has transformers and peft: what is saved here is loaded there.
const python = process.env.APPRENTICE_PYTHON;
const check = fileURLToPath(new URL("../../test/data/policies/make_adapters.py", import.meta.url));

describe.skipIf(!python)("transformers and PEFT, where Python has them", () => {
  const rest = { ...sizes, vocabulary: 50 };
  const turned = { base: 10_000, width: 2 };
  const neox = { ...rest, positions: turned, tied: false, activation: "gelu" as const };
  const configs: Record<string, TransformerConfig> = {
    gpt2: gpt2(rest),
    llama: llama({ ...rest, keyValueHeads: 2 }),
    llama3: llama({ ...rest, positions: { base: 500_000, width: 4, scaling: { factor: 8, low: 1, high: 4, context: 16 } } }),
    qwen2: llama({ ...rest, biases: { qkv: true, out: false, hidden: false }, tied: false }),
    gpt_neox: gpt2({ ...neox, parallel: true }),
    "gpt_neox, one after the other": gpt2({ ...neox, parallel: false }),
  };

  it("give the same logits for checkpoints and adapters that were saved here", async () => {
    const ours: Record<string, number[]> = {};
    for (const config of Object.values(configs)) {
      const folder = fresh();
      const own = languageFamily(config);
      const base = firstTheta(own, 3).map((value, i) => value + 0.2 * Math.sin(i * 12.9898));
      await saveFolder(folder, languageModel(own, base).files({ shardBytes: 9000 }));
      const adapted = loraFamily(own, base, { rank: 2, alpha: 4 });
      const change = firstTheta(adapted, 5).map((value, i) => value + 0.1 * Math.cos(i * 7.7));
      await saveFolder(join(folder, "adapter"), writeAdapter(adapted, change, folder));
      const program = await compile({ outputs: { z: adapted.expressions({ rows: 1 }).logits! }, params: adapted.params });
      const feeds = adapted.feeds([{ x: Int32Array.of(1), y: { actions: Int32Array.of(2, 3, 4, 5, 6, 7, 8, 0) } }]);
      ours[folder] = Array.from((await program.run({ ...feeds, theta: change })).z as Float32Array);
      await program.release();
    }
    const { stdout, stderr, status } = spawnSync(python!, [check, "check", ...Object.keys(ours)], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    expect(lines.length).toBe(Object.keys(configs).length);
    for (const line of lines) {
      const { folder, logits } = JSON.parse(line) as { folder: string; logits: number[][] };
      const apart = logits.flat().map((value, i) => Math.abs(value - ours[folder][i]));
      expect(Math.max(...apart), folder).toBeLessThan(1e-4);
    }
  });
});
