import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { available, denseTransitions } from "../../mdp/tabular.ts";
import { occupancy } from "../../solvers/tabular/occupancy.ts";
import { mixture, oneHot, uniformPolicy } from "../../solvers/tabular/policies.ts";
import { policyEvaluation } from "../../solvers/tabular/policy-evaluation.ts";
import { softValueIteration } from "../../solvers/tabular/soft-value-iteration.ts";
import { valueIteration } from "../../solvers/tabular/value-iteration.ts";
import {
  chain,
  garnet,
  gridworld,
  rajaraman,
  roadNetwork,
  routes,
  type TabularEnv,
  tabularEnvs,
  threeRoutes,
  tightrope,
  windyCliff,
} from "./index.ts";
import { turnOf } from "./road-network.ts";

function start({ mdp }: TabularEnv, V: Float64Array): number {
  return mdp.rho.reduce((sum, p, s) => sum + p * V[s], 0);
}

function worth(env: TabularEnv, pi: Float64Array): number {
  return start(env, policyEvaluation(env.mdp, pi).V);
}

/** The range of Q over the actions of a state. */
function range(A: number, Q: Float64Array): number {
  let most = 0;
  for (let i = 0; i < Q.length; i += A)
    most = Math.max(most, Math.max(...Q.subarray(i, i + A)) - Math.min(...Q.subarray(i, i + A)));
  return most;
}

describe("the tightrope", () => {
  it("costs sum_h (1-eps)^(h-1) eps (H-h+1) to a policy that errs with chance eps, however long the rope", () => {
    for (const [H, length] of [
      [1, 3],
      [8, 8],
      [40, 5],
    ]) {
      const env = tightrope({ H, length, actions: 3, seed: 4 });
      const expert = valueIteration(env.mdp).pi.subarray(0, env.mdp.S * 3);
      const wrong = expert.map((_, i) => (expert[i] === 1 ? 0 : 1 / 2));
      for (const eps of [0.01, 0.3]) {
        let sum = 0;
        for (let h = 1; h <= H; h++) sum += (1 - eps) ** (h - 1) * eps * (H - h + 1);
        expect(worth(env, expert) - worth(env, mixture(expert, wrong, eps))).toBeCloseTo(sum, 10);
      }
    }
  });

  it("has an optimal Q of range H without a ladder, and of range 2 with one", () => {
    for (const H of [4, 64]) {
      expect(range(2, valueIteration(tightrope({ H }).mdp).Q)).toBe(H);
      expect(range(2, valueIteration(tightrope({ H, recovery: true }).mdp).Q)).toBe(2);
    }
  });

  it("with a ladder is as costly as without to whoever doesn't know it, and cheap to whoever does", () => {
    const [H, length, eps] = [100, 4, 0.05];
    const rope = tightrope({ H, length });
    const ladder = tightrope({ H, length, recovery: true });
    const balance = oneHot(2, new Array(8).fill(0));
    const err = oneHot(2, [1, 1, 1, 1, 0, 0, 0, 0]);
    const blind = mixture(balance, err, eps); // never climbs
    const knowing = mixture(oneHot(2, [0, 0, 0, 0, 1, 1, 1, 1]), oneHot(2, [1, 1, 1, 1, 1, 1, 1, 1]), eps);
    expect(worth(ladder, blind)).toBeCloseTo(worth(rope, blind), 10);
    expect(H - worth(ladder, knowing)).toBeLessThanOrEqual(2 * eps * H);
    expect(H - worth(rope, blind)).toBeGreaterThan(40);
  });
});

describe("the chain", () => {
  it("is worth going on to its end, in the long run only", () => {
    const env = chain({ H: 50 });
    const { pi } = valueIteration(env.mdp);
    expect(Array.from({ length: 5 }, (_, s) => pi[s * 2])).toEqual([1, 1, 1, 1, 1]);
    expect(valueIteration(chain({ H: 1 }).mdp).pi[0]).toBe(0);
    expect(valueIteration(chain({ slip: 0, H: 10 }).mdp).V[0]).toBe(60); // four steps along it, six at its end
  });
});

describe("the gridworld", () => {
  it("takes the shortest way round a wall where nothing slips", () => {
    const env = gridworld({ map: ["S#G", ".#.", "..."], slip: 0, rewards: [-1, 0, 0], H: 20 });
    expect(start(env, valueIteration(env.mdp).V)).toBe(-6);
  });

  it("slips to either side with half of the slip each, and stays where a wall holds", () => {
    const env = gridworld({ map: ["S.", "#G"], slip: 0.2 });
    const P = denseTransitions(env.mdp);
    expect([...P.subarray(4, 8)]).toEqual([0.1 + 0.1, 0.8, 0, 0]); // right: the upper side and the wall below hold
    expect([...env.mdp.terminal]).toEqual([0, 0, 1, 1]);
    const open = gridworld({ map: ["...", ".S.", "..G"], slip: 0.2 }).mdp;
    const up = denseTransitions(open).subarray(4 * 4 * 9, (4 * 4 + 1) * 9);
    expect([...up]).toEqual([0, 0.8, 0, 0.1, 0, 0.1, 0, 0, 0]);
  });

  it("is built and swept at a million states", () => {
    const env = gridworld({ rows: 1000, columns: 1000 });
    expect(env.mdp.S).toBe(1e6);
    expect(env.mdp.P.next.length).toBe(12 * (1e6 - 1) + 4);
    expect(env.vector(3).reset(0)).toEqual(new Float32Array(3));
  });

  it("refuses maps that are none", () => {
    expect(() => gridworld({ map: ["S.", "."] })).toThrow(/row 1 of the map has 1 tiles, expected 2/);
    expect(() => gridworld({ map: ["Sq"] })).toThrow(/tile "q"/);
    expect(() => gridworld({ map: ["..", ".G"] })).toThrow(/no S/);
    expect(() => gridworld({ slip: 2 })).toThrow(/slip is 2/);
  });
});

describe("the windy cliff", () => {
  it("blows one cell further up three times in ten, also where the border holds", () => {
    const { mdp } = windyCliff();
    const P = denseTransitions(mdp);
    const row = (s: number, a: number) => P.subarray((s * 4 + a) * 28, (s * 4 + a + 1) * 28);
    expect(row(9, 3)[17]).toBeCloseTo(0.7, 15); // down-right from (1, 2) leads to (2, 3) ...
    expect(row(9, 3)[10]).toBeCloseTo(0.3, 15); // ... or, blown, to (1, 3)
    expect(row(0, 0)[0]).toBeCloseTo(1, 15);
    expect([mdp.r[0], mdp.r[4], mdp.r[6 * 4]]).toEqual([-1, -10, 10]);
    expect(mdp.terminal.every((flag) => flag === 0)).toBe(true);
  });
});

describe("the lower-bound family of Rajaraman et al.", () => {
  it("is worth H to its expert, who is its optimum", () => {
    fc.assert(
      fc.property(
        fc.record({
          states: fc.integer({ min: 3, max: 7 }),
          actions: fc.integer({ min: 2, max: 4 }),
          H: fc.integer({ min: 1, max: 8 }),
          N: fc.integer({ min: 5, max: 50 }),
          seed: fc.nat(1000),
          stationary: fc.boolean(),
        }),
        (options) => {
          const env = rajaraman(options);
          expect(worth(env, oneHot(options.actions, env.expert))).toBeCloseTo(options.H, 10);
          expect(start(env, valueIteration(env.mdp).V)).toBeCloseTo(options.H, 10);
          const { d } = occupancy(env.mdp, oneHot(options.actions, env.expert));
          const first = d.subarray(0, options.states - 2);
          expect(first.every((p) => Math.abs(p - 1 / (options.N + 1)) < 1e-12)).toBe(true);
        },
      ),
      { seed: 1, numRuns: 50 },
    );
  });

  it("costs a learner that guesses in the rare states of one step the rest of the episode", () => {
    const [H, states, N] = [9, 5, 20];
    const env = rajaraman({ H, states, N, actions: 2, seed: 7 });
    const step = 4; // of 1 .. H
    const guesses = oneHot(2, env.expert);
    for (let i = 0; i < states - 2; i++)
      guesses.fill(0.5, ((step - 1) * (states - 1) + i) * 2, ((step - 1) * (states - 1) + i + 1) * 2);
    const off = ((states - 2) / (N + 1)) * 0.5;
    expect(H - worth(env, guesses)).toBeCloseTo(off * (H - step + 1), 12);
  });

  it("refuses more rare states than there is probability for", () => {
    expect(() => rajaraman({ states: 20, N: 5 })).toThrow(/20 states are too many for N = 5, expected at most 8/);
    expect(() => rajaraman({ states: 8, N: 5 })).not.toThrow();
  });
});

describe("route choice", () => {
  it("gives three ways of one cost a third each under maximum entropy over paths", () => {
    const env = threeRoutes();
    const { pi } = softValueIteration(env.mdp);
    const at = (s: number) => [...pi.subarray(s * 2, s * 2 + 2)];
    expect(at(0)[0]).toBeCloseTo(1 / 3, 12);
    expect(at(0)[1]).toBeCloseTo(2 / 3, 12);
    const shared = pi.subarray((1 * 5 + 2) * 2, (1 * 5 + 2) * 2 + 2); // at the second step
    expect(shared[0]).toBeCloseTo(1 / 2, 12);
  });

  it("leads over connected roads, charges their features, and never turns round but at dead ends", () => {
    fc.assert(
      fc.property(fc.nat(500), (seed) => {
        const network = roadNetwork({ rows: 4, columns: 5, seed, missing: 0.3 });
        const { mdp, features, weights } = routes({ network });
        const roads = network.from.length;
        for (let s = 0; s < mdp.S; s++) {
          for (let a = 0; a < mdp.A; a++) {
            if (!available(mdp, s, a) || mdp.terminal[s]) continue;
            const i = s * mdp.A + a;
            const next = mdp.P.next[mdp.P.rows[i]];
            const here = s === roads ? 0 : network.to[s];
            expect(network.from[next]).toBe(here);
            const cost = weights.reduce((sum, w, f) => sum + w * features[i * 6 + f], 0);
            expect(mdp.r[i]).toBeCloseTo(-cost, 12);
            if (s < roads && network.to[next] === network.from[s]) {
              expect(turnOf(network, s, next)).toBe("sharp");
              expect(network.from.filter((crossing) => crossing === here).length).toBe(1);
            }
          }
        }
      }),
      { seed: 2, numRuns: 20 },
    );
  });

  it("always has a way from origin to destination", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 24 }), (seed, origin, destination) => {
        fc.pre(origin !== destination);
        const env = routes({ network: roadNetwork({ seed, missing: 0.4 }), origin, destination, H: 100 });
        const { d } = occupancy(env.mdp, valueIteration(env.mdp).pi);
        const last = d.subarray(99 * env.mdp.S);
        expect(last.reduce((sum, p, s) => sum + p * env.mdp.terminal[s], 0)).toBeCloseTo(1, 12);
      }),
      { seed: 3, numRuns: 20 },
    );
  });

  it("turns right where a driver would say so", () => {
    const network = {
      crossings: 4,
      x: Float64Array.of(0, 1, 1, 1),
      y: Float64Array.of(0, 0, 1, -1),
      kind: new Uint8Array(3),
      time: new Float64Array(3),
    };
    const roads = { ...network, from: Int32Array.of(0, 1, 1), to: Int32Array.of(1, 2, 3) };
    expect([turnOf(roads, 0, 1), turnOf(roads, 0, 2)]).toEqual(["right", "left"]); // y points down: (1, 1) is on the right of eastward
  });

  it("refuses crossings that don't exist, and a way to where it starts", () => {
    expect(() => routes({ origin: 99 })).toThrow(/origin is crossing 99, expected 0 to 24/);
    expect(() => routes({ origin: 3, destination: 3 })).toThrow(/both crossing 3/);
    expect(() => routes({ weights: [1] })).toThrow(/found 1 weights, expected 6: highway, major/);
  });
});

describe("Garnets", () => {
  it("lead to `branching` different states from every pair", () => {
    const { mdp } = garnet({ S: 12, A: 3, branching: 5, seed: 9, H: 7 });
    for (let i = 0; i < 36; i++) expect(new Set(mdp.P.next.subarray(mdp.P.rows[i], mdp.P.rows[i + 1])).size).toBe(5);
    expect(garnet({ seed: 1 }).mdp.r).not.toEqual(garnet({ seed: 2 }).mdp.r);
    expect(garnet({ seed: 1 }).mdp).toEqual(garnet({ seed: 1 }).mdp);
    expect(() => garnet({ S: 3, branching: 4 })).toThrow(/branching is 4, expected a whole number from 1 to 3/);
  });
});

describe("every tabular world", () => {
  for (const [id, { make, about }] of Object.entries(tabularEnvs)) {
    it(`${id} has its name, its spaces, and returns whose mean is the value`, () => {
      const env = make();
      const { mdp } = env;
      expect(env.id).toBe(id);
      expect(about.length).toBeGreaterThan(20);
      expect([env.observation, env.action]).toEqual([
        { kind: "discrete", n: mdp.S },
        { kind: "discrete", n: mdp.A },
      ]);
      // Play the uniform policy for a few steps, and compare with the exact value of so many steps.
      const [n, H] = [4000, 6];
      const pi = uniformPolicy(mdp);
      const short = { ...mdp, H, gamma: 1 };
      const { V } = policyEvaluation(short, pi);
      const batch = env.vector(n, { autoreset: "disabled" });
      let seen = batch.reset(17);
      let draw = 1;
      const returns = new Float64Array(n);
      for (let h = 0; h < H; h++) {
        const actions = Int32Array.from(seen, (s) => {
          draw = (draw * 48271) % 2147483647;
          let left = draw / 2147483647;
          for (let a = 0; a < mdp.A; a++) {
            left -= pi[s * mdp.A + a];
            if (left < 0) return a;
          }
          return mdp.A - 1;
        });
        const { observations, rewards } = batch.step(actions);
        rewards.forEach((reward, i) => {
          returns[i] += reward;
        });
        seen = observations;
      }
      const mean = returns.reduce((sum, value) => sum + value, 0) / n;
      const deviation = Math.sqrt(returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
      expect(Math.abs(mean - start(env, V))).toBeLessThan((5 * deviation) / Math.sqrt(n) + 1e-12);
    });
  }

  it("refuses an action that is not available, before any copy has moved", () => {
    const batch = threeRoutes().vector(2, { autoreset: "disabled" });
    batch.reset(0);
    batch.step(Int32Array.of(1, 1));
    batch.step(Int32Array.of(0, 1));
    const before = batch.state();
    expect(() => batch.step(Int32Array.of(0, 1))).toThrow(/ThreeRoutes-v1: copy 1 takes action 1 in state 4, which has only 0/);
    expect(batch.state()).toEqual(before);
  });

  it("goes on from a saved state as it would have gone", () => {
    const batch = gridworld({ slip: 0.5 }).vector(5);
    batch.reset(2);
    batch.step(new Int32Array(5).fill(1));
    const saved = batch.state();
    const play = () => Array.from({ length: 20 }, (_, h) => [...batch.step(new Int32Array(5).fill(h % 4)).observations]);
    const first = play();
    batch.restore(saved);
    expect(play()).toEqual(first);
    expect(() => batch.restore({ ...(saved as object), world: new Int32Array(5).fill(99) } as never)).toThrow(
      /state to restore is 99, expected 0 to 24/,
    );
  });
});
