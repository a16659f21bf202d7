import type { TopLevelSpec } from "vega-lite";
import type { PositionFieldDef } from "vega-lite/types_unstable/channeldef.js";
import type { LayerSpec } from "vega-lite/types_unstable/spec/layer.js";

/** An estimate with its confidence interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** One line of a figure, perhaps in a band. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly low?: number; readonly high?: number }[];
}

export interface LineFigure {
  readonly title: string;
  /** What stands at the axes, units included. */
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** Whether a line joins its points as they are given, each with a mark, instead of from left to right. */
  readonly inOrder?: boolean;
  /** What is measured stays as it is from each point to the next, and then jumps. */
  readonly steps?: boolean;
  /** A line has its name beside it even if it is the only one: the name says what neither title nor axes do. */
  readonly legend?: boolean;
  readonly width?: number;
  readonly height?: number;
}

export interface IntervalFigure {
  readonly title: string;
  /** What is measured, units included: the horizontal axis. */
  readonly x: string;
  /** From top to bottom. */
  readonly rows: readonly { readonly label: string; readonly value: Interval }[];
  /** Every single observation, drawn as a faint mark: `[row's label, value]`. */
  readonly observations?: readonly (readonly [string, number])[];
  /** A vertical line with a name, such as the expert's mean. */
  readonly reference?: { readonly label: string; readonly value: number };
  readonly width?: number;
}

/** Tones that differ in lightness, so that they still differ in print; lines differ in their dashes, too. */
const tones = ["#123f6d", "#e08214", "#4d9a8f", "#9a9a9a", "#6a3d9a", "#b2182b"];
const dashes = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 3, 2, 3],
  [4, 4],
  [12, 4],
];
const ink = "#222222";

const config: TopLevelSpec["config"] = {
  font: "DejaVu Sans, Helvetica, Arial, sans-serif",
  background: "#ffffff",
  padding: 12,
  title: { fontSize: 15, fontWeight: "bold", color: ink, anchor: "start", offset: 14 },
  axis: {
    labelFontSize: 12,
    titleFontSize: 12.5,
    titleFontWeight: "normal",
    titlePadding: 10,
    labelColor: ink,
    titleColor: ink,
    gridColor: "#e6e6e6",
    domainColor: "#777777",
    tickColor: "#777777",
  },
  legend: {
    labelFontSize: 12,
    labelColor: ink,
    symbolSize: 160,
    symbolStrokeWidth: 2,
    labelLimit: 400,
    title: null,
    orient: "top",
    offset: 6,
    columnPadding: 24,
  },
  view: { stroke: null },
};

/** Lines over a common axis; estimates with intervals stand in a band or, where they are few, carry bars. */
export function lineFigure(figure: LineFigure): Promise<string> {
  const { title, series, width = 560, height = 280 } = figure;
  const names = series.map(({ name }) => name);
  const values = series.flatMap(({ name, points }) => points.map((point, order) => ({ name, order, ...point })));
  const places = [...new Set(values.map(({ x }) => x))].sort((a, b) => a - b);
  const few = places.length <= 12 && !figure.inOrder;
  const named = few && apart(places, width, figure.logX === true); // every place by its own number, or round numbers
  const only = places.length === 1 ? / *\(logarithmic\)|, logarithmic(?=\))/ : /$^/; // of one place there is no scale
  const intervals = values.some(({ low }) => low !== undefined);
  // As many names beside each other as the figure is wide.
  const columns = Math.max(1, Math.floor((width + 80) / (7.5 * Math.max(...names.map(({ length }) => length)) + 50)));
  const legend =
    names.length > 1 || figure.legend
      ? ({ symbolType: "stroke", symbolOpacity: 1, symbolSize: 300, labelLimit: width, columns } as const)
      : null;
  const x: PositionFieldDef<string> = {
    field: "x",
    type: "quantitative",
    title: figure.x.replace(only, ""),
    scale: figure.logX
      ? { type: "log", nice: false, padding: few ? 14 : 0 }
      : { zero: false, nice: false, padding: few ? 14 : 0 },
    axis: {
      grid: false,
      ...(places.every(Number.isInteger) ? { tickMinStep: 1 } : {}),
      ...(named ? { values: places, labelExpr: LABEL } : { tickCount: 8 }),
    },
  };
  const heights = values.map((point) => Math.log10(point.y)).filter(Number.isFinite);
  const [lowest, highest] = [Math.floor(Math.min(...heights)), Math.ceil(Math.max(...heights))];
  const every = Math.ceil((highest - lowest) / 8);
  const decades = figure.logY
    ? Array.from({ length: Math.floor((highest - lowest) / every) + 1 }, (_, i) => 10 ** (lowest + i * every))
    : [];
  const level = span(values.flatMap(({ y, low = y, high = y }) => [low, high]));
  const y = (field: string): PositionFieldDef<string> => ({
    field,
    type: "quantitative",
    title: figure.y,
    scale: figure.logY ? { type: "log" } : { zero: false, ...level },
    axis: figure.logY && decades.length > 2 ? { values: decades } : { tickCount: 6 },
  });
  const color = { field: "name", type: "nominal", scale: { domain: names, range: tones }, legend } as const;
  const jumps = figure.steps ? ({ interpolate: "step-after" } as const) : {};
  const layer: LayerSpec<string>["layer"] = [];
  if (intervals && few) {
    layer.push({
      mark: { type: "rule", strokeWidth: 2.5, opacity: 0.7 },
      encoding: { y: y("low"), y2: { field: "high" } },
    });
  } else if (intervals) {
    layer.push({
      mark: { type: "area", opacity: 0.2, ...jumps },
      encoding: { y: y("low"), y2: { field: "high" } },
    });
  }
  layer.push({
    mark: figure.inOrder
      ? { type: "line", strokeWidth: 1, point: { size: 28, filled: true } }
      : { type: "line", strokeWidth: 2, ...jumps },
    encoding: {
      ...(figure.inOrder ? { order: { field: "order", type: "quantitative" } } : {}),
      y: y("y"),
      strokeDash: { field: "name", type: "nominal", scale: { domain: names, range: dashes }, legend },
    },
  });
  if (few) layer.push({ mark: { type: "point", filled: true, size: 70, opacity: 1 }, encoding: { y: y("y") } });
  return draw({ title, width, height, config, data: { values }, encoding: { x, color }, layer });
}

/** A tick's number as it is, to six digits from 1 on and three below. */
const LABEL = "format(datum.value, abs(datum.value) < 1 ? '.3~r' : ',.6~r')";

/** Whether places along an axis are far enough from each other for the number of each to be read. */
function apart(places: readonly number[], width: number, log: boolean): boolean {
  const at = places.map((x) => (log ? Math.log(x) : x));
  const whole = at[at.length - 1] - at[0];
  const letters = (x: number) => String(Number(x.toPrecision(Math.abs(x) < 1 ? 3 : 6))).length;
  return places.every((x, i) => {
    if (i === 0) return true;
    const room = (width * (at[i] - at[i - 1])) / whole;
    return room > 4 * (letters(x) + letters(places[i - 1])) + 6; // half of each of both numbers, and a gap
  });
}

/** The ends of an axis where there is nothing to spread it over: a little room on both sides. */
function span(ends: readonly number[]): { domain?: [number, number] } {
  if (ends.length === 0 || ends.some((end) => end !== ends[0])) return {};
  const room = ends[0] === 0 ? 1 : Math.abs(ends[0]) / 10;
  return { domain: [ends[0] - room, ends[0] + room] };
}

/** Estimates with their intervals, one below the other. */
export function intervalFigure(figure: IntervalFigure): Promise<string> {
  const { title, rows, observations = [], reference, width = 560 } = figure;
  const y: PositionFieldDef<string> = {
    field: "label",
    type: "nominal",
    sort: rows.map(({ label }) => label),
    title: null,
    axis: { labelFontSize: 12.5, labelLimit: 400, ticks: false, domain: false, labelPadding: 10 },
  };
  const ends = [...rows.flatMap(({ value: { low, high } }) => [low, high]), ...observations.map(([, value]) => value)];
  const x = (field: string): PositionFieldDef<string> => ({
    field,
    type: "quantitative",
    title: figure.x,
    scale: { zero: false, padding: 26, ...span(ends) },
    axis: { tickCount: 7 },
  });
  const values = rows.map(({ label, value: { mean, low, high } }) => ({
    label,
    mean,
    low,
    high,
    text: low === high ? short(mean) : `${short(mean)}  [${short(low)}, ${short(high)}]`,
  }));
  const layer: LayerSpec<string>["layer"] = [
    {
      data: { values: observations.map(([label, value]) => ({ label, value })) },
      mark: { type: "tick", thickness: 1, size: 18, color: "#777777", opacity: 0.35 },
      encoding: { x: x("value"), y },
    },
  ];
  if (reference) {
    const data = { values: [reference] };
    layer.push(
      { data, mark: { type: "rule", strokeDash: [4, 3], color: "#555555", strokeWidth: 1.5 }, encoding: { x: x("value") } },
      {
        data,
        mark: { type: "text", align: "right", baseline: "bottom", dx: 2, dy: -3, fontSize: 11.5, color: "#555555" },
        encoding: { x: x("value"), y: { value: 0 }, text: { field: "label" } },
      },
    );
  }
  const written = { type: "text", dy: -15, fontSize: 12, color: ink } as const;
  const place = { x: x("mean"), y, text: { field: "text" } };
  layer.push(
    {
      data: { values },
      mark: { type: "rule", strokeWidth: 3.5, color: tones[0] },
      encoding: { x: x("low"), x2: { field: "high" }, y },
    },
    {
      data: { values },
      mark: { type: "point", filled: true, size: 110, color: tones[0], opacity: 1 },
      encoding: { x: x("mean"), y },
    },
    { data: { values }, mark: { ...written, stroke: "#ffffff", strokeWidth: 9, strokeJoin: "round" }, encoding: place },
    { data: { values }, mark: written, encoding: place },
  );
  return draw({ title, width, height: { step: 52 }, config, layer });
}

/** A vega-lite drawing as SVG. The library is loaded when the first picture is drawn: it takes longer than a short run. */
async function draw(spec: TopLevelSpec): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  (vega as unknown as { textMetrics: { width: typeof textWidth } }).textMetrics.width = textWidth;
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: "none", logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/**
 * About how wide a text is. Without a canvas the library takes every letter for a broad one, and leaves room for it; these
 * are the mean widths of DejaVu Sans, the broadest of the fonts that are asked for.
 */
function textWidth(item: { fontSize?: number; fontWeight?: string }, text: unknown): number {
  let ems = 0;
  for (const letter of String(text ?? ""))
    ems += /[ilj.,:;'|!()[\] ]/.test(letter) ? 0.34 : /[A-Zmw%]/.test(letter) ? 0.76 : 0.62;
  return ems * (item.fontSize ?? 11) * (item.fontWeight === "bold" ? 1.12 : 1);
}

/** An SVG picture as PNG, `scale` times its size. Letters are drawn with the system's fonts. */
export async function png(svg: string, scale = 2): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  return new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    background: "#ffffff",
    font: { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans" },
  })
    .render()
    .asPng();
}

function short(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
}
