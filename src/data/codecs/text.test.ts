import { describe, expect, it } from "vitest";
import { cartPole } from "../../envs/classic/cartpole.ts";
import { count } from "../dataset.ts";
import { decodeDataset } from "./index.ts";
import { fromUtf8, utf8 } from "./text.ts";

describe("UTF-8", () => {
  const mark = Uint8Array.of(0xef, 0xbb, 0xbf);

  it("may begin with the mark that some editors write, which is no part of the text", () => {
    expect(fromUtf8(Uint8Array.of(...mark, ...utf8("größer")), "the file")).toBe("größer");
    const tau = '{"observations":[[0,0,0,0],[0,0,0,0]],"actions":[1],"rewards":[1],"terminated":true}\n';
    expect(count(decodeDataset("d.jsonl", Uint8Array.of(...mark, ...utf8(tau)), cartPole()))).toBe(1);
  });

  it("says at which byte of the file it is none, with and without a mark", () => {
    expect(() => fromUtf8(Uint8Array.of(0x61, 0xff), "line 1")).toThrow("line 1 is not UTF-8 text (byte 1)");
    expect(() => fromUtf8(Uint8Array.of(...mark, 0x61, 0xff), "line 1")).toThrow("line 1 is not UTF-8 text (byte 4)");
  });
});
