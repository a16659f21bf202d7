import { describe, expect, it } from "vitest";
import { zeros } from "./initializers.ts";
import { add, broadcastTo, mul, reshape, sum } from "./ops/arithmetic.ts";
import { cast, greater } from "./ops/elementwise.ts";
import { transpose } from "./ops/layout.ts";
import { linear } from "./ops/linear.ts";
import { compile, inputsOf } from "./program.ts";
import { input, param } from "./tensor.ts";

const numbers = (n: number) => Float32Array.from({ length: n }, (_, i) => i);

describe("a compiled program", () => {
  it("reads symbolic sides off the lengths of its arrays, in whatever order the inputs settle them", async () => {
    const [tokens, mask, rows, size] = [
      input("tokens", ["B", "T", "D"]),
      input("mask", ["B", "T"]),
      input("rows", ["B"]),
      input("size", ["D"]),
    ];
    const y = add(mul(tokens, reshape(mask, ["B", "T", 1])), add(reshape(rows, ["B", 1, 1]), size));
    const program = await compile({ outputs: { y, flat: reshape(y, [-1]) } });
    for (const [B, T, D] of [
      [2, 3, 4],
      [1, 5, 1],
      [4, 1, 2],
    ]) {
      const out = await program.run({ tokens: numbers(B * T * D), mask: numbers(B * T), rows: numbers(B), size: numbers(D) });
      const wanted = numbers(B * T * D).map((v, i) => v * Math.floor(i / D) + Math.floor(i / (T * D)) + (i % D));
      expect(out.y).toEqual(wanted);
      expect(out.flat).toEqual(wanted);
    }
    await program.release();
  });

  it("that leaves a side open says which, and how to settle it", async () => {
    const x = input("x", ["B", "T"]);
    const program = await compile({ outputs: { y: transpose(x) } });
    await expect(program.run({ x: numbers(6) })).rejects.toThrow(
      /^input "x" has 6 entries, which leaves B and T of \[B, T\] open; fix one by dims, or read it off another input$/,
    );
    const fixed = await compile({ outputs: { y: transpose(x) }, dims: { T: 3 } });
    expect((await fixed.run({ x: numbers(6) })).y).toEqual(Float32Array.of(0, 3, 1, 4, 2, 5));
    await expect(fixed.run({ x: numbers(7) })).rejects.toThrow(
      /^input "x" has 7 entries; expected the shape \[B, T\] with T = 3$/,
    );
  });

  it("writes its results into arrays it is given", async () => {
    const x = input("x", ["B", 2]);
    const program = await compile({ outputs: { y: mul(x, 2), total: sum(x) } });
    const into = { y: new Float32Array(6) };
    const out = await program.run({ x: numbers(6) }, into);
    expect(out.y).toBe(into.y);
    expect([...into.y]).toEqual([0, 2, 4, 6, 8, 10]);
    expect([...out.total]).toEqual([15]);
  });

  it("takes whole numbers and truth values", async () => {
    const [k, c] = [input("k", ["N"], "int32"), input("c", ["N"], "bool")];
    const y = add(cast(k, "float32"), cast(c, "float32"));
    const program = await compile({ outputs: { y, positive: greater(cast(k, "float32"), 0) } });
    const out = await program.run({ k: Int32Array.of(-2, 0, 7), c: Uint8Array.of(1, 0, 1) });
    expect([...out.y]).toEqual([-1, 0, 8]);
    expect([...out.positive]).toEqual([0, 0, 1]);
    await expect(program.run({ k: Int32Array.of(1), c: Float32Array.of(1) })).rejects.toThrow(
      /^input "c" is a Float32Array; expected bool \(Uint8Array\)$/,
    );
  });

  it("reads a parameter of any shape from the flat vector, and says when that has another length", async () => {
    const params = { W: param([3, 2], zeros), b: param([2], zeros) };
    const x = input("x", ["B", 3]);
    const program = await compile({ outputs: { y: linear(x, params.W, params.b) }, params });
    const theta = Float32Array.of(1, 2, 3, 4, 5, 6, 10, 20);
    expect([...(await program.run({ x: Float32Array.of(1, 0, 2), theta })).y]).toEqual([21, 34]);
    await expect(program.run({ x: numbers(3), theta: numbers(7) })).rejects.toThrow(
      "theta has 7 entries; expected a Float32Array of 8",
    );
    await expect(program.run({ x: numbers(3) })).rejects.toThrow("theta has not been given; expected a Float32Array of 8");
  });

  it("that needs a side which no input has says so when it is compiled", async () => {
    const y = broadcastTo(input("x", [1]), ["K"]);
    await expect(compile({ outputs: { y } })).rejects.toThrow(
      'the side "K" belongs to none of the program\'s inputs; fix it by dims: { K: ... }',
    );
    const fixed = await compile({ outputs: { y }, dims: { K: 3 } });
    expect([...(await fixed.run({ x: Float32Array.of(7) })).y]).toEqual([7, 7, 7]);
  });

  it("lists the inputs of an expression in the order of first use", () => {
    const [x, y] = [input("x", ["B"]), input("y", ["B"])];
    expect(inputsOf([sum(y), add(x, y)]).map((t) => t.name)).toEqual(["y", "x"]);
  });
});
