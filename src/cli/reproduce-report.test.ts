import { expect, it } from "vitest";
import { experiments, judged } from "../experiments/index.ts";
import { askedFor, line, reproducePage, verdict } from "./reproduce-report.ts";

const readme = (id: string) => `../src/${id}/README.md`;

it("the page of a reproduction says what a claim was measured on, where that hangs on what is at hand", () => {
  const experiment = experiments.find(({ id }) => id === "pdl")!;
  const rows = judged(experiment.claims, Object.fromEntries(Object.keys(experiment.claims).map((name) => [name, 0])));
  const page = (note?: string) =>
    reproducePage([{ experiment, outcome: { rows, figures: [], ...(note ? { note } : {}) }, seconds: 1 }], [[]], {
      quick: true,
      readme,
    });
  expect(page("Texts are those of <twins>.")).toContain("; 1 s. Texts are those of &lt;twins&gt;. What is measured");
  expect(page()).toContain("; 1 s. What is measured");
  expect(page()).toContain('differs: <a href="../src/pdl/README.md">src/experiments/pdl/README.md</a></p>');
});

it("a claim stands beside the ends that were asked of it, and what the quick version can't decide is counted apart", () => {
  const bounds = [
    { atLeast: 0.95 },
    { above: 0 },
    { atMost: 1e-6 },
    { below: 0 },
    { atLeast: 1.9, atMost: 2.1 },
    { above: 0, below: 1 },
  ];
  expect(bounds.map(askedFor)).toEqual(["≥ 0.95", "> 0", "≤ 0.000001", "< 0", "1.9 to 2.1", "> 0, < 1"]);
  expect(askedFor({ atLeast: 0.5, atMost: 0.5 })).toBe("0.5");

  const claims = {
    good: { claim: "it is good", paper: "1", atLeast: 0.9 },
    better: { claim: "it is better", paper: "2", above: 0 },
  };
  const rows = judged(
    claims,
    { good: 0.95, better: { mean: 1, low: 0.5, high: 1.5 } },
    { here: { better: "by 2 labels" }, undecided: ["better"] },
  );
  expect(line(rows[0])).toEqual(["yes", "0.95", "", "≥ 0.9", "it is good; 1"]);
  expect(line(rows[1])).toEqual([
    "not decided",
    "1",
    expect.stringContaining("0.5"),
    "> 0",
    "it is better [here: by 2 labels]; 2",
  ]);
  expect(line(judged(claims, { good: { mean: 1, low: 1, high: 1 }, better: 1 })[0])[2]).toBe("all alike");
  expect(verdict(rows)).toBe("1 of 2 claims hold, 1 is not decided by the quick version");
  expect(verdict(judged(claims, { good: 0.8, better: 1 }))).toBe("1 of 2 claims hold, 1 doesn't");
  const experiment = { ...experiments[0], claims };
  const page = reproducePage([{ experiment, outcome: { rows, figures: [] }, seconds: 1 }], [[]], { quick: true, readme });
  expect(page).toMatch(/<th[^>]*>asked for<\/th>/);
  expect(page).toContain("it is better [here: by 2 labels]");
});
