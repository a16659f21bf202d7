import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { glorot, zeros } from "./initializers.ts";
import { decodeSignature, elementType } from "./onnx.ts";
import { reshape } from "./ops/arithmetic.ts";
import { linear } from "./ops/linear.ts";
import { argmax, softmax } from "./ops/reduce.ts";
import { initialise } from "./params.ts";
import { compile, toOnnx } from "./program.ts";
import { rng } from "./random.ts";
import { createSession } from "./runtime.ts";
import { input, param } from "./tensor.ts";

const params = { W: param([4, 2], glorot()), b: param([2], zeros) };
const s = input("s", ["B", 4]);
const logits = linear(s, params.W, params.b);
const outputs = { probabilities: softmax(logits), action: argmax(logits) };
const theta = initialise(params, rng(5));
const policy = () => toOnnx({ outputs, params, theta, metadata: { env: "CartPole-v1", note: "μ and σ" } });

describe("an exported policy", () => {
  it("says what goes in and what comes out, with symbolic sides, and carries its texts", () => {
    expect(decodeSignature(policy())).toEqual({
      inputs: [{ name: "s", elementType: elementType.float32, dims: ["B", 4] }],
      outputs: [
        { name: "probabilities", elementType: elementType.float32, dims: ["B", 2] },
        { name: "action", elementType: elementType.int32, dims: ["B"] },
      ],
      metadata: { env: "CartPole-v1", note: "μ and σ" },
    });
  });

  it("is the same bytes each time", () => {
    expect(policy()).toEqual(policy());
  });

  it("computes what the program computes that keeps its parameters outside", async () => {
    const feed = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
    const session = await createSession(policy());
    const out = await session.run({ s: { data: feed, dims: [3, 4] } });
    const program = await compile({ outputs, params });
    const wanted = await program.run({ s: feed, theta });
    expect(out.probabilities.data).toEqual(wanted.probabilities);
    expect(out.action.data).toEqual(wanted.action);
    expect(out.action.dims).toEqual([3]);
  });

  it("without its parameters, or with too few of them, is refused", () => {
    expect(() => toOnnx({ outputs, params })).toThrow("theta has not been given; expected a Float32Array of 10");
    expect(() => toOnnx({ outputs, params, theta: theta.subarray(1) })).toThrow(
      "theta has 9 entries; expected a Float32Array of 10",
    );
  });

  it("declares products of symbols under names of their own, so that a runtime does not take them for equal sides", () => {
    const x = input("x", ["B", "T", 2]);
    const bytes = toOnnx({ outputs: { rows: reshape(x, [-1, 2]), flat: reshape(x, [-1]) } });
    expect(decodeSignature(bytes).outputs.map((own) => own.dims)).toEqual([["B_times_T", 2], ["2_times_B_times_T"]]);
  });
});

describe("bytes that are not a model, or not all of one", () => {
  it.each<[string, Uint8Array]>([
    ["text", new TextEncoder().encode("PK this is something else")],
    ["nothing", new Uint8Array(0)],
    ["a file cut in the middle", policy().subarray(0, 200)],
    ["a file cut at the end", policy().subarray(0, policy().length - 1)],
  ])("%s is refused", (_name, bytes) => {
    expect(() => decodeSignature(bytes)).toThrow(/^the bytes are not an ONNX model.*export it again$/);
  });

  // Made by ONNX's own Python library: test/data/autodiff/make_external.py.
  const models: Record<string, string> = JSON.parse(
    readFileSync(new URL("../../test/data/autodiff/external.json", import.meta.url), "utf8"),
  );
  it.each(Object.entries(models))("a model with a tensor in another file (%s) is refused", (place, base64) => {
    const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
    if (place === "none") expect(decodeSignature(bytes).inputs[0].name).toBe("x");
    else expect(() => decodeSignature(bytes)).toThrow(/keeps the tensor "weights" in another file; expected all tensors inline/);
  });
});
