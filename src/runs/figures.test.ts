import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { cartPole } from "../envs/index.ts";
import { balancer } from "../experts/index.ts";
import { intervalFigure, lineFigure, png } from "./figures.ts";
import { film } from "./film.ts";
import { reportPage } from "./report.ts";

const losses = (n: number) => Array.from({ length: n }, (_, i) => ({ x: i + 1, y: 1 / (i + 1) }));

describe("a figure", () => {
  it("names its axes with their units, its title and every line", async () => {
    const svg = await lineFigure({
      title: "Loss",
      x: "updates",
      y: "log loss (nats)",
      series: [
        { name: "training", points: losses(40) },
        { name: "held out", points: losses(40) },
      ],
    });
    for (const words of ["Loss", "updates", "log loss (nats)", "training", "held out"]) expect(svg).toContain(`>${words}<`);
    expect(new Set(svg.match(/stroke-dasharray="[^"]*"/g)).size).toBeGreaterThan(1); // lines differ without colour
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("joins points in their own order where that is asked for: of three, the leftmost stays in the middle", async () => {
    const points = [3.1, 1.2, 4.7].map((x, i) => ({ x, y: i }));
    const across = async (inOrder: boolean) => {
      const svg = await lineFigure({
        title: "t",
        x: "x",
        y: "y",
        series: [{ name: "a", points }],
        ...(inOrder ? { inOrder } : {}),
      });
      const line = [...svg.matchAll(/ d="M([^"AZ]*L[^"AZ]*L[^"AZ]*)"/g)].map(([, d]) => d.split("L").map(Number.parseFloat));
      return line.find((places) => places.length === 3 && new Set(places).size === 3)!;
    };
    const [a, b, c] = await across(true);
    expect([b < a, a < c]).toEqual([true, true]);
    const sorted = await across(false);
    expect(sorted).toEqual([...sorted].sort((x, y) => x - y));
  });

  it("draws the interval of every estimate", async () => {
    const estimates = [
      { label: "expert", value: { mean: 500, low: 500, high: 500 } },
      { label: "clone", value: { mean: 400, low: 380, high: 431 } },
    ];
    const svg = await intervalFigure({
      title: "Return",
      x: "return",
      rows: estimates,
      reference: { label: "expert's mean", value: 500 },
    });
    for (const words of ["expert", "clone", "400  [380, 431]", "500"]) expect(svg).toContain(`>${words}<`);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    const bars = await lineFigure({
      title: "Return",
      x: "demonstrations",
      y: "return",
      logX: true,
      series: [{ name: "clone", points: [1, 5, 50].map((x) => ({ x, y: x, low: x - 1, high: x + 1 })) }],
    });
    expect(bars.match(/aria-roledescription="rule mark"|mark-rule/g)?.length).toBeGreaterThan(0);
  });

  it("has a number at every place that it names, to the digits that it has, and round numbers where places are too close", async () => {
    const at = (...places: number[]) =>
      lineFigure({ title: "t", x: "x", y: "y", series: [{ name: "one", points: places.map((x) => ({ x, y: x })) }] });
    for (const words of ["0.125", "0.25", "1"]) expect(await at(0, 0.125, 0.25, 1)).toContain(`>${words}<`);
    const close = await at(0, 647, 700, 2000);
    expect(close).not.toContain(">647<");
    for (const words of ["500", "1,000", "1,500", "2,000"]) expect(close).toContain(`>${words}<`);
    expect(await at(0, 0.00390625)).toContain(">0.00391<");
    const alone = { title: "t", x: "labels (logarithmic)", y: "y", logX: true };
    expect(await lineFigure({ ...alone, series: [{ name: "one", points: [{ x: 10, y: 1 }] }] })).toContain(">labels<");
    const level = await intervalFigure({ title: "t", x: "score", rows: [{ label: "a", value: { mean: 1, low: 1, high: 1 } }] });
    expect(level).not.toContain(">2.0<");
    expect(level).toMatch(/>0\.9\d?</);
  });

  it("becomes a PNG of twice its size", async () => {
    const svg = await lineFigure({
      title: "t",
      x: "x",
      y: "y",
      width: 100,
      height: 50,
      series: [{ name: "a", points: losses(3) }],
    });
    const bytes = Buffer.from(await png(svg));
    expect(bytes.subarray(1, 4).toString()).toBe("PNG");
    expect(bytes.readUInt32BE(16)).toBeCloseTo(2 * Number(svg.match(/width="(\d+)"/)?.[1]), -1);
  });
});

describe("a film of an episode", () => {
  it("has the first and the last state and no more frames than asked for, evenly between", async () => {
    const { frames, steps, total, terminated } = await film(cartPole(), balancer(), { seed: 3, most: 40 });
    expect({ steps, total, terminated }).toEqual({ steps: 500, total: 500, terminated: false });
    expect(frames[0].step).toBe(0);
    expect(frames.at(-1)?.step).toBe(500);
    expect(frames.length).toBeLessThanOrEqual(40);
    expect(frames.length).toBeGreaterThan(20);
    const gaps = new Set(frames.slice(1, -1).map(({ step }, i) => step - frames[i].step));
    expect(gaps.size).toBe(1);
  });

  it("stays below its number of bytes", async () => {
    const { frames } = await film(cartPole(), balancer(), { seed: 3, mostBytes: 10_000 });
    expect(frames.reduce((sum, { svg }) => sum + svg.length, 0)).toBeLessThanOrEqual(10_000);
  });
});

describe("a report", () => {
  it("plays the film by a script that is well formed, over as many frames as there are", async () => {
    const scene = await film(cartPole(), balancer(), { seed: 3, most: 10 });
    const page = reportPage({ title: "t", summary: "s", sections: [{ heading: "h", film: scene }], foot: "f" });
    const [, code] = page.match(/<script>([\s\S]*?)<\/script>/) as RegExpMatchArray;
    expect(() => new Script(code)).not.toThrow();
    expect(page.match(/<template /g)).toHaveLength(scene.frames.length);
    expect(page).toContain(`max="${scene.frames.length - 1}"`);
  });

  it("writes words as words, whatever signs are in them", () => {
    const page = reportPage({
      title: "<b>&",
      summary: 's "quoted"',
      sections: [{ heading: "h", table: { head: ["", "v"], rows: [["</table>", "1"]] } }],
      foot: "f",
    });
    expect(page).toContain("<h1>&lt;b&gt;&amp;</h1>");
    expect(page).toContain("s &quot;quoted&quot;");
    expect(page).toContain('<th scope="row">&lt;/table&gt;</th><td>1</td>');
  });
});
