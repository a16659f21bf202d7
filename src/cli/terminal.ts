import type { Progress } from "../algorithms/index.ts";

/** Something for people to read while the work goes on: on standard error, so that standard output holds results only. */
export function say(message: string): void {
  clearBar();
  process.stderr.write(`${message}\n`);
}

/** A result for people. */
export function print(text: string): void {
  clearBar();
  process.stdout.write(`${text}\n`);
}

/** A result for programs: one JSON object on the last line of standard output. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** Rows as aligned columns: the first to the left, numbers to the right. */
export function table(rows: readonly (readonly string[])[], head?: readonly string[]): string {
  const all = head ? [head, ...rows] : rows;
  const columns = Math.max(...all.map((row) => row.length));
  const cell = (row: readonly string[], c: number) => row[c] ?? "";
  const widths = Array.from({ length: columns }, (_, c) => Math.max(...all.map((row) => cell(row, c).length)));
  const right = Array.from({ length: columns }, (_, c) => c > 0 && rows.every((row) => /^[[(]?[-–−+\d.∞]|^$/.test(cell(row, c))));
  const line = (row: readonly string[]) =>
    widths
      .map((width, c) => (right[c] ? cell(row, c).padStart(width) : cell(row, c).padEnd(width)))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return (head ? [line(head), rule, ...rows.map(line)] : rows.map(line)).join("\n");
}

/** A number in a few significant digits: `0.0123`, `437.2`, `12,400`. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "-∞" : "none";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e12) return value.toExponential(2);
  if (size >= 10_000) return Math.round(value).toLocaleString("en-US");
  if (size >= 1) return String(Number(value.toPrecision(4)));
  return size < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** How many of what: `1 prompt`, `1,200 prompts`. */
export function counted(n: number, one: string, several = `${one}s`): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? one : several}`;
}

/** The same where the noun is the unit of a progress: `1 update`. */
export function inUnits(n: number, unit: string): string {
  return counted(n, unit.replace(/s$/, ""), unit);
}

/** What there is to say, side by side; what is empty is left out. */
export function parts(...texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("  ");
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Shows how far the work is. */
export interface Meter {
  /** Whether it is a bar that is drawn anew, not lines one below the other. */
  readonly live: boolean;
  /** `detail`: what the work itself has to say; `rate`: of its units or of something better known. */
  at(progress: Progress, detail: string, rate?: { readonly total: number; readonly unit: string }): void;
  end(): void;
}

/** Seconds between two lines where there is no terminal. */
const LINE_EVERY = 5;
const BAR = 24;
let barShown = false;

function clearBar(): void {
  if (!barShown) return;
  process.stderr.write("\r\x1b[K");
  barShown = false;
}

/** A bar with rate and time left on a terminal; plain lines, a few seconds apart, elsewhere. */
export function meter(name: string): Meter {
  const bar = process.stderr.isTTY === true;
  const began = performance.now();
  let first: { at: number; done: number; total: number } | undefined;
  let drawn = bar ? -Infinity : began;
  let last: string | undefined;
  return {
    live: bar,
    at(progress, detail, rate) {
      const now = performance.now();
      first ??= { at: now, done: progress.done, total: rate?.total ?? 0 };
      const seconds = (now - first.at) / 1000;
      const share = progress.total > 0 ? progress.done / progress.total : 1;
      const each = seconds > 0 && progress.done > first.done ? seconds / (progress.done - first.done) : undefined;
      const left = each === undefined ? undefined : each * (progress.total - progress.done);
      const speed =
        rate && seconds > 0 && rate.total > first.total ? `${short((rate.total - first.total) / seconds)} ${rate.unit}/s` : "";
      last = parts(
        `${Math.round(100 * share)} %`.padStart(5),
        `${count(progress.done)} of ${inUnits(progress.total, progress.unit)}`,
        speed,
        left === undefined || share >= 1 ? "" : `${duration(left)} left`,
        detail,
      );
      if (now - drawn < (bar ? 100 : LINE_EVERY * 1000)) return;
      drawn = now;
      if (!bar) {
        say(`${name}: ${last.trimStart()}`);
        last = undefined;
        return;
      }
      const full = Math.round(share * BAR);
      const columns = process.stderr.columns ?? 100;
      const line = `${name}  ${"█".repeat(full)}${"░".repeat(BAR - full)} ${last}`;
      process.stderr.write(`\r\x1b[K${line.slice(0, columns - 1)}`);
      barShown = true;
    },
    end() {
      clearBar();
      if (last !== undefined) say(`${name}: ${last.trimStart()}`);
      last = undefined;
    },
  };
}

function count(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en-US") : short(value);
}
