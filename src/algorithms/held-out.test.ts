import { describe, expect, it } from "vitest";
import { closing, type HeldOut, noted } from "./held-out.ts";

const curve = (first: number, points: readonly (readonly [at: number, loss: number])[]) =>
  points.reduce<HeldOut | null>((known, [at, loss]) => noted(known, first, at, loss), null);
const said = (own: HeldOut | null, schedule: "constant" | "linear" | "cosine" = "linear") => closing(own, schedule, "so be it");

describe("what the end of a run says of the held-out loss", () => {
  it("that it was lower before, when, and what became of that", () => {
    const note = said(
      curve(0.7, [
        [20, 0.66],
        [40, 0.61],
        [60, 0.64],
        [80, 0.68],
      ]),
    );
    expect(note).toBe("the held-out loss was lowest after 40 updates (0.61) and ended at 0.68; so be it");
  });

  it("that it was still falling, where the second half brought what its learning rates alone explain", () => {
    expect(
      said(
        curve(0.69, [
          [20, 0.686],
          [40, 0.66],
          [60, 0.65],
          [80, 0.643],
          [95, 0.641],
        ]),
      ),
    ).toMatch(/still falling when the run ended, from 0\.66 to 0\.641 in its second half: more epochs/);
    expect(
      said(
        curve(8, [
          [50, 6.4],
          [100, 6.05],
        ]),
        "cosine",
      ),
    ).toMatch(/still falling/);
  });

  it("nothing of a run that has settled, nor of one that was measured once, or never", () => {
    const settled = curve(8.1, [
      [157, 5.58],
      [314, 5.326],
      [471, 5.209],
      [628, 5.205],
    ]);
    expect(said(settled, "cosine")).toBeUndefined();
    expect(
      said(
        curve(0.69, [
          [20, 0.125],
          [40, 0.009],
          [60, 0.003],
          [68, 0.002],
        ]),
      ),
    ).toBeUndefined();
    expect(said(curve(8, [[100, 6.05]]))).toBeUndefined();
    expect(said(noted(null, 8, 20, undefined))).toBeUndefined();
  });
});
