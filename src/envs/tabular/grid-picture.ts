import type { TabularMdp } from "../../mdp/tabular.ts";
import { ink, line, picture } from "../picture.ts";
import { brief, firstStep, type Heat, heatOf, label, legend } from "./heat.ts";
import type { GridLayout, Show } from "./layout.ts";

/** Beyond so many cells a side, squares of cells are drawn as one, with their mean. */
const MOST = 64;
const MARGIN = 12;
const LEGEND = 40;

/** A grid as an SVG heat map, with arrows for a policy and a ring for the present state. */
export function drawGrid(mdp: TabularMdp, layout: GridLayout, show: Show, title: string): string {
  const { rows, columns } = layout;
  const heat = heatOf(mdp, show);
  const policy = show.policy && firstStep(mdp, show.policy);
  const merged = Math.ceil(Math.max(rows, columns) / MOST);
  const [high, wide] = [Math.ceil(rows / merged), Math.ceil(columns / merged)];
  const side = Math.max(6, Math.min(56, Math.floor(560 / wide), Math.floor(560 / high)));
  const width = Math.max(wide * side, 200) + 2 * MARGIN;
  const height = high * side + 2 * MARGIN + (heat ? LEGEND : 0);
  const at = show.at ?? -1;
  const shapes: string[] = [];
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) shapes.push(...square(x, y));
  }
  for (const [x1, y1, x2, y2] of layout.walls ?? []) {
    shapes.push(
      line(MARGIN + x1 * side, MARGIN + y1 * side, MARGIN + x2 * side, MARGIN + y2 * side, ink.dark, Math.max(2, side / 12)),
    );
  }
  if (show.at !== undefined) {
    const cell = layout.cellOf(show.at);
    const [x, y] = [Math.floor((cell % columns) / merged), Math.floor(Math.floor(cell / columns) / merged)];
    shapes.push(ring(MARGIN + (x + 0.5) * side, MARGIN + (y + 0.5) * side, side * 0.3, Math.max(2, side / 9)));
  }
  if (heat) shapes.push(...legend(heat, MARGIN + 20, height - LEGEND + 6, Math.min(width - 2 * MARGIN - 40, 240)));
  return picture(title, width, height, shapes);

  function square(x: number, y: number): string[] {
    const [left, top] = [MARGIN + x * side, MARGIN + y * side];
    const value = heat ? meanOver(x, y, heat) : Number.NaN;
    const cell = y * merged * columns + x * merged;
    const state = merged === 1 ? layout.stateOf(cell, at) : -1;
    const mark = merged === 1 ? (layout.mark?.(cell, at) ?? "") : "";
    const fill = mark === "#" ? ink.middle : heat ? heat.fill(value) : ink.paper;
    const stroke = heat && mark !== "#" ? heat.stroke(value) : ink.dark;
    const parts = [
      `<rect x="${left}" y="${top}" width="${side}" height="${side}" fill="${fill}" stroke="${ink.light}" stroke-width="${merged === 1 ? 1 : 0}"/>`,
    ];
    if (side < 16 || mark === "#") return parts;
    const written = heat !== undefined && side >= 30 && Number.isFinite(value);
    if (policy && state >= 0 && !mdp.terminal[state])
      parts.push(...arrows(state, left + side / 2, top + side * (written ? 0.44 : 0.5), stroke));
    if (mark) parts.push(label(left + side * 0.06, top + side * 0.18, mark, side * 0.24, stroke, "start"));
    if (written)
      parts.push(label(left + side / 2, top + side * (policy ? 0.89 : 0.5), brief(value), side * (policy ? 0.18 : 0.24), stroke));
    return parts;
  }

  function meanOver(x: number, y: number, { numbers }: Heat): number {
    let [sum, n] = [0, 0];
    for (let row = y * merged; row < Math.min((y + 1) * merged, rows); row++) {
      for (let column = x * merged; column < Math.min((x + 1) * merged, columns); column++) {
        const state = layout.stateOf(row * columns + column, at);
        if (state < 0) continue;
        sum += numbers[state];
        n++;
      }
    }
    return sum / n;
  }

  function arrows(state: number, x: number, y: number, stroke: string): string[] {
    const parts: string[] = [];
    layout.actions.forEach((action, a) => {
      const probability = policy![state * mdp.A + a];
      if (!(probability > 0.02)) return;
      if (typeof action === "string") {
        parts.push(label(x, y, action, side * 0.34 * Math.sqrt(probability), stroke));
        return;
      }
      const length = side * 0.29 * Math.sqrt(probability);
      const [dx, dy] = action.map((part) => part / Math.hypot(...action));
      const [endX, endY] = [x + dx * length, y + dy * length];
      const head = Math.min(side * 0.12, length * 0.5);
      parts.push(line(x, y, endX, endY, stroke, Math.max(1, side / 22)));
      for (const turn of [-1, 1]) {
        parts.push(
          line(
            endX,
            endY,
            endX - head * (dx + turn * dy * 0.7),
            endY - head * (dy - turn * dx * 0.7),
            stroke,
            Math.max(1, side / 22),
          ),
        );
      }
    });
    return parts;
  }
}

/** A dark ring in a light one: it stands out on every colour. */
export function ring(x: number, y: number, radius: number, width: number): string {
  const [cx, cy, r] = [x, y, radius].map((value) => Math.round(value * 100) / 100);
  return [
    `<circle cx="${cx}" cy="${cy}" r="${r}" fill="none" stroke="${ink.paper}" stroke-width="${width * 1.9}"/>`,
    `<circle cx="${cx}" cy="${cy}" r="${r}" fill="none" stroke="${ink.dark}" stroke-width="${width}"/>`,
  ].join("");
}
