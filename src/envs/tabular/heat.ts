import type { TabularMdp } from "../../mdp/tabular.ts";
import { ink } from "../picture.ts";
import type { Show } from "./layout.ts";

/** Light yellow to dark blue. Every step is darker than the one before, so that a grey print reads the same. */
const RAMP = [
  [253, 250, 222],
  [186, 222, 184],
  [94, 173, 183],
  [46, 105, 165],
  [26, 33, 84],
] as const;

/** What colours the states: the numbers `[S]`, what they are, and the colour of each. */
export interface Heat {
  readonly what: string;
  readonly numbers: Float64Array;
  readonly low: number;
  readonly high: number;
  fill(value: number): string;
  /** What is legible on that fill. */
  stroke(value: number): string;
}

/** The colouring that `show` asks for; none if it names no table. Throws if a table has another length than its process gives it. */
export function heatOf(mdp: TabularMdp, show: Show): Heat | undefined {
  const { S, A, H, r } = mdp;
  const { values, occupancy, rewards } = show;
  if (values) {
    mustHave("values", values, { S: S, "(H + 1) * S": (H + 1) * S });
    return heat(
      "value",
      Float64Array.from({ length: S }, (_, s) => values[s]),
    );
  }
  if (occupancy) {
    mustHave("occupancy", occupancy, { S: S, "H * S": H * S });
    const numbers = new Float64Array(S);
    for (let i = 0; i < occupancy.length; i++) numbers[i % S] += (occupancy[i] * S) / occupancy.length;
    return heat("occupancy", numbers);
  }
  if (rewards) {
    mustHave("rewards", rewards, { S: S, "S * A": S * A });
    if (rewards.length === S) return heat("reward", Float64Array.from(rewards));
    const numbers = new Float64Array(S);
    for (let s = 0; s < S; s++) {
      let n = 0;
      for (let i = s * A; i < (s + 1) * A; i++) {
        if (r[i] === -Infinity) continue;
        numbers[s] += rewards[i];
        n++;
      }
      numbers[s] /= n;
    }
    return heat("reward", numbers);
  }
  return undefined;
}

/** The first step of a policy's table, `[S, A]`. Throws on another length. */
export function firstStep({ S, A, H }: TabularMdp, policy: ArrayLike<number>): ArrayLike<number> {
  mustHave("policy", policy, { "S * A": S * A, "H * S * A": H * S * A });
  return policy;
}

/** The colour at `t` of 0 .. 1 along the ramp. */
export function colour(t: number): string {
  const along = Math.min(Math.max(t, 0), 1) * (RAMP.length - 1);
  const i = Math.min(Math.floor(along), RAMP.length - 2);
  const channels = RAMP[i].map((from, c) => Math.round(from + (along - i) * (RAMP[i + 1][c] - from)));
  return `#${channels.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** A number in a few characters. */
export function brief(value: number): string {
  if (value === 0 || (Math.abs(value) >= 0.01 && Math.abs(value) < 1000)) return String(Number(value.toPrecision(3)));
  return value.toExponential(0).replace("e+", "e");
}

/** Words centred on a point, or starting at it. */
export function label(
  x: number,
  y: number,
  words: string,
  size: number,
  fill: string,
  anchor: "middle" | "start" = "middle",
): string {
  const safe = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const [left, base] = [x, y + size * 0.35].map((value) => Math.round(value * 100) / 100);
  return `<text x="${left}" y="${base}" font-family="sans-serif" font-size="${Math.round(size * 10) / 10}" text-anchor="${anchor}" fill="${fill}">${safe}</text>`;
}

/** The ramp with its two ends named. */
export function legend(shown: Heat, x: number, y: number, width: number): string[] {
  const steps = 24;
  const bar = Array.from({ length: steps }, (_, i) => {
    const left = Math.round((x + (i * width) / steps) * 100) / 100;
    return `<rect x="${left}" y="${y}" width="${Math.round((width / steps + 0.3) * 100) / 100}" height="8" fill="${colour(i / (steps - 1))}"/>`;
  });
  return [
    ...bar,
    label(x, y + 17, brief(shown.low), 11, ink.dark),
    label(x + width / 2, y + 17, shown.what, 11, ink.dark),
    label(x + width, y + 17, brief(shown.high), 11, ink.dark),
  ];
}

function heat(what: string, numbers: Float64Array): Heat {
  let low = Infinity;
  let high = -Infinity;
  for (const value of numbers) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const place = (value: number) => (high > low ? (value - low) / (high - low) : 0);
  return {
    what,
    numbers,
    low,
    high,
    fill: (value) => (Number.isFinite(value) ? colour(place(value)) : ink.paper),
    stroke: (value) => (Number.isFinite(value) && place(value) > 0.55 ? ink.paper : ink.dark),
  };
}

function mustHave(name: string, table: ArrayLike<number>, lengths: Readonly<Record<string, number>>): void {
  if (Object.values(lengths).includes(table.length)) return;
  const expected = Object.entries(lengths)
    .filter(([, length]) => Number.isFinite(length))
    .map(([shape, length]) => `${shape} = ${length}`);
  throw new RangeError(`the ${name} to draw have ${table.length} numbers, expected ${expected.join(" or ")}`);
}
