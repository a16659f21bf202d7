import { describe, expect, it } from "vitest";
import { cartPole } from "../envs/index.ts";
import { balancer } from "../experts/index.ts";
import { animatedSvg, stills } from "./animation.ts";
import { type Film, film } from "./film.ts";

const picture = (width: number, height: number, shape: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">\n<title>x</title>\n<rect width="${width}" height="${height}" fill="#ffffff"/>\n${shape}\n</svg>`;
const long = `<circle cx="3" cy="3" r="3" fill="#333333" stroke="#777777"/>`;
const short: Film = {
  frames: [0, 1, 2].map((step) => ({
    step,
    total: -step,
    svg: picture(40, 30, step < 2 ? long : `<text x="1" y="2">a &lt; b</text>`),
  })),
  steps: 2,
  total: -2,
  terminated: true,
};

describe("an episode as pictures", () => {
  it("says with each where the episode is and what has come of it", () => {
    const all = stills({ title: "a < b", films: [short, short] });
    expect(all.map(({ last }) => last)).toEqual([false, false, true, false, false, true]);
    const words = all.map(({ svg }) => /fill="#222222">(episode [^<]*)</.exec(svg)?.[1]);
    expect(words).toEqual(
      [1, 2].flatMap((e) =>
        ["step 0 of 2, return 0", "step 1 of 2, return -1", "step 2 of 2, return -2, ended"].map(
          (text) => `episode ${e} of 2, ${text}`,
        ),
      ),
    );
    for (const { svg } of all) expect(svg).toContain("<title>a &lt; b</title>");
    expect(new Set(all.map(({ svg }) => /viewBox="[^"]*"/.exec(svg)?.[0])).size).toBe(1);
  });

  it("has room for the largest picture, and the smaller ones in the middle", () => {
    const tall: Film = { ...short, frames: [{ step: 0, total: 0, svg: picture(500, 300, long) }] };
    const [small, , , large] = stills({ title: "t", films: [short, tall] });
    expect(large.svg).toMatch(/viewBox="0 0 520 360"/);
    expect(small.svg).toMatch(/<svg x="240" y="161" width="40" height="30"/);
  });
});

describe("an animated SVG", () => {
  /** The pictures that are visible at a time, by its own rules: class, delay and loop. */
  function visible(svg: string, ms: number): number[] {
    const rules = new Map(
      [...svg.matchAll(/@keyframes (\w) \{ 0% \{ visibility: visible \} ([\d.]+)%[^}]*\}/g)].map(([, name, percent]) => [
        name,
        Number(percent),
      ]),
    );
    const loop = Number(/animation: \w (\d+)ms step-end infinite/.exec(svg)?.[1]);
    return [...svg.matchAll(/<g class="(\w)"(?: visibility="hidden")? style="animation-delay:(-?\d+)ms">/g)].flatMap(
      ([, kind, delay], i) => {
        const phase = (((ms - Number(delay)) % loop) + loop) % loop;
        return phase < ((rules.get(kind) as number) / 100) * loop ? [i] : [];
      },
    );
  }

  it("shows one picture after the other, then the first again, never none", async () => {
    const scene = await film(cartPole(), balancer(), { seed: 3, every: 25 });
    expect(scene.frames).toHaveLength(21);
    const svg = animatedSvg({ title: "t", films: [scene] }, { frameMs: 100 });
    const still = [...svg.matchAll(/<g class="\w"( visibility="hidden")? style/g)].map(([, hidden]) => hidden === undefined);
    expect(still).toEqual(still.map((_, i) => i === 0)); // without animation: the first
    for (let i = 0; i < 21; i++) expect(visible(svg, 100 * i + 50)).toEqual([i]);
    expect(visible(svg, 2950)).toEqual([20]); // the last one stays for a second
    expect(visible(svg, 3050)).toEqual([0]);
    for (let ms = 0; ms < 3000; ms += 1) expect(visible(svg, ms).length).toBeGreaterThan(0);
  });

  it("writes a shape that stands in several pictures once", () => {
    const svg = animatedSvg({ title: "t", films: [short] });
    expect(svg.split(`cx="3" cy="3"`)).toHaveLength(2);
    expect(svg).toContain(`<circle id="s`);
    const uses = [...svg.matchAll(/<use href="#(s\d+)"\/>/g)].map(([, id]) => id);
    for (const id of uses) expect(svg).toContain(`id="${id}"`);
    expect(svg.match(/<g /g)).toHaveLength(svg.match(/<\/g>/g)?.length as number);
  });

  it("refuses a picture whose size isn't known", () => {
    const film: Film = { ...short, frames: [{ step: 0, total: 0, svg: "<p>hello</p>" }] };
    expect(() => animatedSvg({ title: "t", films: [film] })).toThrow(/viewBox="0 0 WIDTH HEIGHT">, found "<p>hello<\/p>"/);
  });
});
