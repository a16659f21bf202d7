import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { answerOf, comparison, drawGraph, edgesOf, isAnswer, isCycle, missing, N, promptOf, renamed } from "./graphs.ts";

const graphs = Array.from({ length: 40 }, (_, i) => drawGraph(rng(i)));

describe("graphs with a Hamiltonian cycle", () => {
  it("have the cycle, and two orders that are none: a random one, and one that lacks one or two edges", () => {
    for (const { edges, cycle, far, near } of graphs) {
      expect(missing(edges, cycle)).toBe(0);
      expect(missing(edges, far)).toBeGreaterThan(0);
      expect([1, 2]).toContain(missing(edges, near));
      for (const order of [cycle, far, near]) expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    const mean = graphs.reduce((sum, { edges, far }) => sum + missing(edges, far), 0) / graphs.length;
    expect(mean).toBeGreaterThan(5);
    expect(mean).toBeLessThan(7.5);
  });

  it("have every other edge with probability 0.2", () => {
    const extra = graphs.reduce((sum, { listed }) => sum + listed.length - N, 0) / (35 * graphs.length);
    expect(Math.abs(extra - 0.2)).toBeLessThan(0.04);
  });

  it("are the same graphs under other names", () => {
    for (const graph of graphs.slice(0, 10)) {
      const other = renamed(graph, rng(7));
      expect(missing(other.edges, other.cycle)).toBe(0);
      expect(missing(other.edges, other.far)).toBe(missing(graph.edges, graph.far));
      expect(missing(other.edges, other.near)).toBe(missing(graph.edges, graph.near));
      expect(promptOf(other).length).toBe(promptOf(graph).length);
    }
  });

  it("know their cycle from any beginning, in either direction, and nothing else", () => {
    const random = rng(3);
    for (const graph of graphs) {
      for (const against of ["far", "near"] as const) {
        const { yw, yl } = comparison(graph, against, random);
        expect(isAnswer(graph, yw)).toBe(true);
        expect(isAnswer(graph, yl)).toBe(false);
      }
    }
    const twoRings = [0, 1, 2, 3, 4].flatMap((v) => [
      { a: v, b: (v + 1) % 5 },
      { a: 5 + v, b: 5 + ((v + 1) % 5) },
    ]);
    expect(isCycle(twoRings)).toBe(false);
    const ring = edgesOf(answerOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))!;
    expect(isCycle(ring)).toBe(true);
    expect(isCycle(ring.slice(1))).toBe(false);
  });
});
