import { describe, expect, it } from "vitest";
import { encodeModel, type OnnxGraph } from "../autodiff/onnx.ts";
import type { Answer } from "../mdp/index.ts";
import { onnxReward } from "./onnx-reward.ts";

const answers: Answer[] = [
  { x: Int32Array.of(3), y: { actions: Int32Array.of(1, 2, 5) } },
  { x: Int32Array.of(4, 4), y: { actions: Int32Array.of(7) } },
];

/** Σ_t mask_t (id_t + 1) of each row, `[R, 1]` or, with `flat`, one number in all. */
function classifier(type: number, names = ["input_ids", "attention_mask"], flat = false): Uint8Array {
  const node = (opType: string, input: string[], output: string, attributes: object[] = []) => ({
    opType,
    input,
    output: [output],
    name: output,
    attribute: attributes,
  });
  const to = [{ name: "to", type: 2, i: 1 }];
  const value = (name: string, elementType: number, dims: (number | string)[]) => ({ name, elementType, dims });
  const raw = (array: Float32Array | BigInt64Array) => new Uint8Array(array.buffer);
  const graph = {
    name: "classifier",
    node: [
      node("Cast", [names[0]], "ids", to),
      node("Cast", [names[1]], "mask", to),
      node("Add", ["ids", "one"], "more"),
      node("Mul", ["more", "mask"], "kept"),
      node("ReduceSum", flat ? ["kept"] : ["kept", "axes"], "logits"),
    ],
    initializer: [
      { name: "one", dims: [1], dataType: 1, rawData: raw(Float32Array.of(1)) },
      { name: "axes", dims: [1], dataType: 7, rawData: raw(BigInt64Array.of(1n)) },
    ],
    input: names.map((name) => value(name, type, ["R", "L"])),
    output: [value("logits", 1, flat ? [1, 1] : ["R", 1])],
  };
  return encodeModel({ graph: graph as unknown as OnnxGraph, metadata: {} });
}

describe("a reward from an ONNX file", () => {
  it.each([
    ["int64", 7],
    ["int32", 6],
    ["float32", 1],
  ])("reads ids and mask in %s, whatever the padding", async (_, type) => {
    const reward = await onnxReward(classifier(type));
    expect([...(await reward(answers))]).toEqual([15, 18]);
    expect([...(await reward(answers.slice(1)))]).toEqual([18]);
  });

  it("says what it found where the file reads something else, gives another number of rewards, or is none", async () => {
    await expect(onnxReward(classifier(7, ["pixels", "attention_mask"]))).rejects.toThrow(
      /found inputs pixels, attention_mask and outputs logits; expected input_ids and attention_mask/,
    );
    const whole = await onnxReward(classifier(7, undefined, true));
    await expect(whole(answers)).rejects.toThrow(/logits has 1 numbers for 2 answers, expected one each/);
    await expect(onnxReward(new Uint8Array(10).fill(7))).rejects.toThrow(/not an ONNX model/);
  });
});
