import type { TabularMdp } from "../../mdp/tabular.ts";
import { ink, line, picture } from "../picture.ts";
import { ring } from "./grid-picture.ts";
import { brief, firstStep, heatOf, label, legend } from "./heat.ts";
import type { GraphLayout, Show } from "./layout.ts";

const SIZE = 520;
const MARGIN = 28;
const LEGEND = 40;

/**
 * A graph as an SVG picture: states as discs or strokes whose colour is the heat, steps as arrows whose thickness is
 * their chance under the policy (or alike, without one).
 */
export function drawGraph(mdp: TabularMdp, layout: GraphLayout, show: Show, title: string): string {
  const { S } = mdp;
  const heat = heatOf(mdp, show);
  const policy = show.policy && firstStep(mdp, show.policy);
  const radius = Math.max(5, Math.min(24, 150 / Math.sqrt(S)));
  const { places } = layout;
  const place = (i: number) => MARGIN + places[i] * (SIZE - 2 * MARGIN);
  const isDisc = (s: number) => places[s * 4] === places[s * 4 + 2] && places[s * 4 + 1] === places[s * 4 + 3];
  const roads: string[] = [];
  const discs: string[] = [];
  for (let s = 0; s < S; s++) {
    const fill = heat ? heat.fill(heat.numbers[s]) : ink.paper;
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((c) => place(s * 4 + c));
    if (isDisc(s)) {
      const stroke = heat ? heat.stroke(heat.numbers[s]) : ink.dark;
      const rim = mdp.terminal[s] ? 3 : 1;
      discs.push(
        `<circle cx="${short(x1)}" cy="${short(y1)}" r="${short(radius)}" fill="${fill}" stroke="${ink.dark}" stroke-width="${rim}"/>`,
      );
      if (radius >= 9) {
        discs.push(label(x1, y1 - (heat ? radius * 0.25 : 0), layout.names?.[s] ?? String(s), radius * 0.6, stroke));
        if (heat) discs.push(label(x1, y1 + radius * 0.42, brief(heat.numbers[s]), radius * 0.5, stroke));
      }
    } else {
      // Each direction keeps to its right, so that two ways along a road stand side by side.
      const length = Math.hypot(x2 - x1, y2 - y1);
      const [rightX, rightY] = [(-(y2 - y1) / length) * 4, ((x2 - x1) / length) * 4];
      const ends = [x1 + rightX, y1 + rightY, x2 + rightX, y2 + rightY] as const;
      roads.push(line(...ends, ink.middle, mdp.terminal[s] ? 9 : 7), line(...ends, fill, 5));
    }
  }
  const shapes = [...roads, ...steps(), ...discs];
  if (show.at !== undefined) {
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((c) => place(show.at! * 4 + c));
    shapes.push(ring((x1 + x2) / 2, (y1 + y2) / 2, isDisc(show.at) ? radius + 4 : 9, 3));
  }
  if (heat) shapes.push(...legend(heat, MARGIN, SIZE + 4, 240));
  return picture(title, SIZE, SIZE + (heat ? LEGEND : 0), shapes);

  function steps(): string[] {
    const parts: string[] = [];
    const { A, P } = mdp;
    for (let s = 0; s < S; s++) {
      const chances = new Map<number, number>();
      for (let i = s * A; i < (s + 1) * A; i++) {
        for (let k = P.rows[i]; k < P.rows[i + 1]; k++) {
          if (P.next[k] === s) continue;
          chances.set(P.next[k], (chances.get(P.next[k]) ?? 0) + P.p[k] * (policy ? policy[i] : 1 / A));
        }
      }
      for (const [next, chance] of chances) {
        const bold = policy ? chance > 0.02 : isDisc(s) && isDisc(next);
        if (!isDisc(s) && !bold) continue;
        parts.push(
          ...arrow(
            s,
            next,
            bold ? (policy ? ink.dark : ink.middle) : ink.light,
            policy ? 0.8 + (isDisc(s) ? 3.2 : 1.7) * chance : 1,
          ),
        );
      }
    }
    return parts;
  }

  function arrow(from: number, to: number, stroke: string, width: number): string[] {
    // A road's arrow leaves it near its end and meets the next one near its start.
    const along = (s: number, c: 0 | 1, t: number) => (1 - t) * place(s * 4 + c) + t * place(s * 4 + 2 + c);
    const [x1, y1, x2, y2] = [along(from, 0, 0.78), along(from, 1, 0.78), along(to, 0, 0.25), along(to, 1, 0.25)];
    const length = Math.hypot(x2 - x1, y2 - y1);
    if (length === 0) return [];
    const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
    const gap = (s: number) => (isDisc(s) ? radius + 2 : 0);
    const [sideX, sideY] = [-dy * 3, dx * 3];
    const start = [x1 + dx * gap(from) + sideX, y1 + dy * gap(from) + sideY] as const;
    const end = [x2 - dx * gap(to) + sideX, y2 - dy * gap(to) + sideY] as const;
    const head = Math.min(4 + width, length / 2);
    const tips = [-1, 1].map((turn) => [end[0] - head * (dx - turn * dy * 0.6), end[1] - head * (dy + turn * dx * 0.6)]);
    const corners = [end, ...tips].map(([x, y]) => `${short(x)},${short(y)}`).join(" ");
    return [
      line(...start, end[0] - dx * head, end[1] - dy * head, stroke, Math.round(width * 10) / 10),
      `<polygon points="${corners}" fill="${stroke}"/>`,
    ];
  }
}

function short(value: number): number {
  return Math.round(value * 100) / 100;
}
