import { describe, expect, it } from "vitest";
import { madeOnce } from "./made-once.ts";

describe("what is made of a state", () => {
  it("is made once for each, of what the first call says", () => {
    const calls: string[] = [];
    const of = madeOnce((state: { name: string }, more: number) => calls.push(`${state.name} ${more}`));
    const [a, b] = [{ name: "a" }, { name: "b" }];
    expect([of(a, 1), of(b, 2), of(a, 3), of(b, 4)]).toEqual([1, 2, 1, 2]);
    expect(calls).toEqual(["a 1", "b 2"]);
  });

  it("is made once even if it is nothing", () => {
    let calls = 0;
    const of = madeOnce(() => void calls++);
    const state = {};
    of(state);
    of(state);
    expect(calls).toBe(1);
  });

  it("is made again where it failed, at once or later", async () => {
    let calls = 0;
    const sync = madeOnce(() => {
      if (++calls === 1) throw new Error("no memory");
      return calls;
    });
    const state = {};
    expect(() => sync(state)).toThrow("no memory");
    expect(sync(state)).toBe(2);
    let tries = 0;
    const later = madeOnce(async () => {
      if (++tries === 1) throw new Error("no connection");
      return tries;
    });
    await expect(later(state)).rejects.toThrow("no connection");
    expect(await later(state)).toBe(2);
    expect(await later(state)).toBe(2);
  });
});
