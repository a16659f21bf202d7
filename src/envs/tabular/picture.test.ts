import { describe, expect, it } from "vitest";
import { occupancy } from "../../solvers/tabular/occupancy.ts";
import { uniformPolicy } from "../../solvers/tabular/policies.ts";
import { valueIteration } from "../../solvers/tabular/value-iteration.ts";
import { brief, colour } from "./heat.ts";
import { clocked, frozenLake, garnet, gridworld, rajaraman, type TabularEnv, tabularEnvs, taxi, threeRoutes } from "./index.ts";

/** How light a colour is when it is printed in grey, 0 to 255. */
function grey(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b;
}

/** Tags that are opened and not closed, in order. */
function unclosed(svg: string): string[] {
  const open: string[] = [];
  for (const [, slash, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (slash) expect(open.pop()).toBe(name);
    else if (!self) open.push(name);
  }
  return open;
}

function count(svg: string, tag: string): number {
  return svg.split(`<${tag} `).length - 1;
}

describe("the colours of heat maps", () => {
  it("darken at every step, so that a grey print reads the same", () => {
    for (let t = 0; t < 1; t += 0.01) expect(grey(colour(t + 0.01))).toBeLessThan(grey(colour(t)));
    expect(grey(colour(0)) - grey(colour(1))).toBeGreaterThan(180);
    expect([colour(-1), colour(2)]).toEqual([colour(0), colour(1)]);
  });

  it("carry numbers of few characters", () => {
    expect([0, 0.123456, -13.12541, 999, 1234567, 0.00046].map(brief)).toEqual(["0", "0.123", "-13.1", "999", "1e6", "5e-4"]);
  });
});

describe("every tabular world draws itself", () => {
  for (const [id, { make }] of Object.entries(tabularEnvs)) {
    it(`${id}, with values, occupancies or rewards as colour and a policy as arrows`, () => {
      const env = make();
      const { V, pi } = valueIteration(env.mdp);
      const { d } = occupancy(env.mdp, uniformPolicy(env.mdp));
      const r = env.mdp.r.map((reward) => (Number.isFinite(reward) ? reward : 0));
      const plain = env.picture();
      const pictures = [
        env.picture({ values: V, policy: pi }),
        env.picture({ occupancy: d }),
        env.picture({ rewards: r, at: 0 }),
      ];
      for (const svg of [plain, ...pictures]) {
        expect(unclosed(svg)).toEqual([]);
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        expect(svg).toContain(`<title>${id}`);
      }
      expect(new Set([plain, ...pictures]).size).toBe(4);
      const batch = env.vector(2);
      batch.reset(0);
      expect(batch.draw(1)).toMatch(/in state \d+<\/title>/);
    });
  }
});

describe("a grid's picture", () => {
  it("has one square a cell, a legend with both ends, and arrows in states that choose", () => {
    const env = frozenLake();
    const { V, pi } = valueIteration(env.mdp);
    const plain = env.picture();
    expect(count(plain, "rect")).toBe(1 + 16);
    expect(count(plain, "line")).toBe(0);
    const svg = env.picture({ values: V, policy: pi });
    expect(count(svg, "line")).toBe(11 * 3); // 16 cells less 4 holes and the goal
    expect(svg).toContain(">0.924<");
    expect(svg).toContain(`fill="${colour(0)}"`);
    expect(svg).toContain(`fill="${colour(1)}"`);
  });

  it("averages what a million cells show over squares of them", () => {
    const env = gridworld({ rows: 1000, columns: 1000 });
    const values = new Float64Array(1e6).map((_, s) => (Math.floor(s / 1000) < 16 && s % 1000 < 16 ? 1 : 0));
    const svg = env.picture({ values });
    expect(count(svg, "rect")).toBe(1 + 63 * 63 + 24);
    expect(svg.length).toBeLessThan(600_000);
    expect(svg.split(`fill="${colour(1)}"`).length - 1).toBe(2); // the first square, and the end of the legend
  });

  it("of the taxi shows the city as it is for the present passenger", () => {
    const env = taxi();
    const values = new Float64Array(500).map((_, s) => (s % 20 === 6 ? 1 : 0)); // passenger at green, to yellow
    expect(env.picture({ values, at: 6 }).split(`fill="${colour(1)}"`).length - 1).toBe(25 + 1);
    expect(env.picture({ values, at: 0 }).split(`fill="${colour(1)}"`).length - 1).toBe(1);
    expect(env.picture({ at: 6 })).toContain(">G P<");
  });

  it("of a world with a clock shows the present step", () => {
    const env = clocked(frozenLake({ H: 5 }));
    const values = new Float64Array(env.mdp.S).map((_, s) => (Math.floor(s / 16) === 3 ? 1 : 0));
    expect(env.picture({ values, at: 3 * 16 }).split(`fill="${colour(1)}"`).length - 1).toBe(16 + 1);
  });
});

describe("a graph's picture", () => {
  it("has a disc a state and an arrow for each step that can happen", () => {
    const env = threeRoutes();
    expect(count(env.picture(), "circle")).toBe(5);
    expect(count(env.picture(), "polygon")).toBe(6);
    const rewards = new Float64Array(env.mdp.S * env.mdp.A);
    expect(count(env.picture({ rewards, at: 2 }), "circle")).toBe(5 + 2);
  });
});

describe("a table that doesn't fit", () => {
  const refused: [TabularEnv, object, RegExp][] = [
    [
      frozenLake(),
      { values: new Float64Array(3) },
      /the values to draw have 3 numbers, expected S = 16 or \(H \+ 1\) \* S = 1616/,
    ],
    [garnet(), { occupancy: new Float64Array(3) }, /the occupancy to draw have 3 numbers, expected S = 20$/],
    [
      rajaraman(),
      { policy: new Float64Array(3) },
      /the policy to draw have 3 numbers, expected S \* A = 102 or H \* S \* A = 1020/,
    ],
    [rajaraman(), { rewards: new Float64Array(3) }, /the rewards to draw have 3 numbers, expected S = 51 or S \* A = 102/],
  ];
  for (const [env, show, message] of refused) {
    it(`is refused by ${env.id}, with the lengths that would do`, () => {
      expect(() => env.picture(show)).toThrow(message);
    });
  }
});
