import { expect, it } from "vitest";
import { experiments, judged } from "../experiments/index.ts";
import { reproducePage } from "./reproduce-report.ts";

it("the page of a reproduction says what a claim was measured on, where that hangs on what is at hand", () => {
  const experiment = experiments.find(({ id }) => id === "pdl")!;
  const rows = judged(experiment.claims, Object.fromEntries(Object.keys(experiment.claims).map((name) => [name, 0])));
  const page = (note?: string) =>
    reproducePage([{ experiment, outcome: { rows, figures: [], ...(note ? { note } : {}) }, seconds: 1 }], [[]], { quick: true });
  expect(page("Texts are those of <twins>.")).toContain("; 1 s. Texts are those of &lt;twins&gt;. What is measured");
  expect(page()).toContain("; 1 s. What is measured");
});
