import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile, input, reshape } from "../../autodiff/index.ts";
import { hiddenStates, logits, transformerParams } from "../transformer.ts";
import { type ReadFile, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";

interface Reference {
  files: Record<string, string>;
  ids: number[][];
  positions: number[];
  logits: number[][][];
}

const reference = (name: string): Reference =>
  JSON.parse(readFileSync(new URL(`../../../test/data/policies/${name}.json`, import.meta.url), "utf8"));

const inMemory =
  (files: Record<string, string> | ReadonlyMap<string, Uint8Array>): ReadFile =>
  async (name) => {
    if (files instanceof Map) return files.get(name);
    const own = (files as Record<string, string>)[name];
    return own === undefined ? undefined : new Uint8Array(Buffer.from(own, "base64"));
  };

describe.each(["gpt2", "llama", "qwen2", "gpt_neox"])("a checkpoint of %s", (name) => {
  const own = reference(name);
  const B = own.ids.length;
  const T = own.ids[0].length;

  const logitsOf = async (read: ReadFile) => {
    const { config, theta } = await readCheckpoint(read);
    const params = transformerParams(config);
    const ids = input("ids", ["B", "T"], "int32");
    const { hidden } = hiddenStates(config, params, ids, { positions: input("positions", ["T"], "int32") });
    const program = await compile({ outputs: { z: reshape(logits(params, hidden), ["B", "T", config.vocabulary]) }, params });
    const { z } = await program.run({
      ids: Int32Array.from(own.ids.flat()),
      positions: Int32Array.from({ length: T }, (_, t) => t),
      theta,
    });
    await program.release();
    return own.ids.map((_, b) =>
      own.positions.map((t) => Array.from(z.subarray((b * T + t) * config.vocabulary, (b * T + t + 1) * config.vocabulary))),
    );
  };

  const expectClose = (found: number[][][], tolerance: number) => {
    for (let b = 0; b < B; b++)
      for (let k = 0; k < own.positions.length; k++)
        found[b][k].forEach((value, v) => {
          expect(Math.abs(value - own.logits[b][k][v]), `row ${b}, position ${own.positions[k]}, token ${v}`).toBeLessThan(
            tolerance,
          );
        });
  };

  it("gives the logits that transformers gives", async () => {
    expectClose(await logitsOf(inMemory(own.files)), 1e-4);
  });

  it("is the same after it was saved and read again, in one file or in shards", async () => {
    const checkpoint = await readCheckpoint(inMemory(own.files));
    for (const options of [{}, { shardBytes: 10_000 }]) {
      const files = writeCheckpoint(checkpoint, options);
      expect(files.has("model.safetensors.index.json")).toBe("shardBytes" in options);
      const again = await readCheckpoint(inMemory(files));
      expect(again.config).toEqual(checkpoint.config);
      expect(again.theta).toEqual(checkpoint.theta);
      expect(again.json).toMatchObject({ eos_token_id: 1 });
    }
  });

  it("keeps the numbers of its half precision when it is saved in it", async () => {
    const dtype = ({ qwen2: "bfloat16", gpt_neox: "float16" } as const)[name as "qwen2" | "gpt_neox"];
    const checkpoint = await readCheckpoint(inMemory(own.files));
    const again = await readCheckpoint(inMemory(writeCheckpoint(checkpoint, { dtype: dtype ?? "bfloat16" })));
    if (dtype) expect(again.theta).toEqual(checkpoint.theta);
    else {
      const error = again.theta.map((value, i) => Math.abs(value / checkpoint.theta[i] - 1));
      expect(Math.max(...error)).toBeLessThan(2 ** -8); // half of the last of eight bits
      expect(Math.max(...error)).toBeGreaterThan(0);
    }
  });
});
