import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../autodiff/index.ts";
import { type ReadFile, readCheckpoint } from "./checkpoint.ts";
import { type LanguageFamily, languageFamily } from "./family.ts";
import { firstTheta, loraFamily, mergeAdapter, readAdapter, writeAdapter } from "./lora.ts";

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../test/data/policies/${name}.json`, import.meta.url), "utf8"));
const adapters: Record<string, { files: Record<string, string>; logits: number[][][] }> = read("adapters");
const inMemory =
  (files: Record<string, string>): ReadFile =>
  async (name) =>
    files[name] === undefined ? undefined : new Uint8Array(Buffer.from(files[name], "base64"));

describe.each(Object.keys(adapters))("an adapter of PEFT on %s", (name) => {
  const { files, ids, positions } = read(name) as { files: Record<string, string>; ids: number[][]; positions: number[] };
  const wanted = adapters[name].logits;

  /** Logits after the chosen positions of each row: the response begins behind each. */
  const logitsOf = async (family: LanguageFamily, theta: Float32Array) => {
    const rows = ids.length * positions.length;
    const program = await compile({ outputs: { z: family.expressions({ rows }).logits! }, params: family.params });
    const V = family.config.vocabulary;
    const answers = ids.flatMap((row) =>
      positions.map((t) => ({ x: Int32Array.from(row.slice(0, t + 1)), y: { actions: Int32Array.of(0) } })),
    );
    const feeds = family.feeds(answers);
    const { z } = await program.run({ ...feeds, theta });
    await program.release();
    const T = feeds.mask.length / answers.length;
    return ids.map((_, b) =>
      positions.map((_, k) =>
        Array.from(z.subarray((b * positions.length + k) * T * V, ((b * positions.length + k) * T + 1) * V)),
      ),
    );
  };

  const expectClose = (found: number[][][]) => {
    const apart = found.flat(2).map((value, i) => Math.abs(value - wanted.flat(2)[i]));
    expect(Math.max(...apart)).toBeLessThan(1e-4);
  };

  it("gives PEFT's logits, on its own and merged into the weights", async () => {
    const { config, theta: base } = await readCheckpoint(inMemory(files));
    const model = languageFamily(config);
    const { family, theta } = await readAdapter(model, base, inMemory(adapters[name].files));
    expectClose(await logitsOf(family, theta));
    expectClose(await logitsOf(model, mergeAdapter(family, theta)));
  });

  it("is the same after it was written and read again", async () => {
    const { config, theta: base } = await readCheckpoint(inMemory(files));
    const model = languageFamily(config);
    const { family, theta } = await readAdapter(model, base, inMemory(adapters[name].files));
    const written = writeAdapter(family, theta, "somewhere");
    const again = await readAdapter(model, base, async (file) => written.get(file));
    expect(again.theta).toEqual(theta);
    expect(again.family.description).toEqual(family.description);
  });

  it("of another shape, or of a module that is not there, is refused by name", async () => {
    const { config, theta: base } = await readCheckpoint(inMemory(files));
    const model = languageFamily(config);
    const other = loraFamily(model, base, { rank: 3, alpha: 1 });
    const small = writeAdapter(other, firstTheta(other, 0));
    const mixed = new Map([
      ...small,
      ["adapter_config.json", Buffer.from(adapters[name].files["adapter_config.json"], "base64")],
    ]);
    await expect(readAdapter(model, base, async (file) => mixed.get(file))).rejects.toThrow(
      /^adapter_model\.safetensors: base_model\.model\..*lora_A\.weight (has the shape \[3, \d+\], expected \[2, \d+\]|\[2, \d+\] is missing)$/,
    );
    await expect(readAdapter(model, base, async () => undefined)).rejects.toThrow("adapter_config.json is missing");
    const unknown = () => loraFamily(model, base, { rank: 2, alpha: 1, targets: ["nothing"] });
    expect(unknown).toThrow(/has no module nothing; it has \w+/);
    expect(unknown).not.toThrow(/\b(\w+), .*\b\1\b/); // no name twice
    expect(() => loraFamily(model, base, { rank: 0, alpha: 1 })).toThrow("rank is a positive whole number, found 0");
  });
});
