import { afterEach, describe, expect, it } from "vitest";
import { adamW, compileAccumulated, initialState, neg, type OnnxRuntime, rng, sum, useRuntime } from "../../autodiff/index.ts";
import { llama } from "../transformer-config.ts";
import { languageFamily } from "./family.ts";

afterEach(() => useRuntime());

describe("a language model in the WebAssembly build", () => {
  it("is trained to the same parameters, and says the same", async () => {
    const config = llama({ vocabulary: 13, context: 24, width: 16, layers: 1, heads: 4, keyValueHeads: 2 });
    const answers = [
      { x: Int32Array.of(1, 2), y: { actions: Int32Array.of(3, 4, 5) } },
      { x: Int32Array.of(6), y: { actions: Int32Array.of(7, 8) } },
    ];
    const run = async () => {
      const family = languageFamily(config);
      const loss = neg(sum(family.expressions({ rows: answers.length }).logProbs));
      const update = await compileAccumulated({ loss, params: family.params, optimizer: adamW({ learningRate: 1e-2 }) });
      const state = initialState(family.params, adamW(), 0);
      const losses: number[] = [];
      for (let k = 0; k < 20; k++) losses.push((await update.run(state, [family.feeds(answers)], 5)).loss);
      await update.release();
      const said = await family.respond(state.theta, [Int32Array.of(1, 2)], { random: rng(1), temperature: 0, maxLength: 6 });
      return { losses, said };
    };
    const native = await run();
    useRuntime((await import("onnxruntime-web")) as unknown as OnnxRuntime);
    const web = await run();
    expect(native.losses[19]).toBeLessThan(native.losses[0] / 2);
    web.losses.forEach((loss, k) => {
      expect(loss, `update ${k}`).toBeCloseTo(native.losses[k], 3);
    });
    expect(web.said).toEqual(native.said);
  });
});
