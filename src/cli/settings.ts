import { z } from "zod";
import { nearest } from "../envs/index.ts";
import { BadInput } from "./exit.ts";
import { knownElsewhere } from "./names-elsewhere.ts";

/** How the text after `--set name=` becomes a value. */
export interface Setting {
  readonly default: unknown;
  /** What is expected, in a few words. */
  readonly expected: string;
  /** From text to value. */
  readonly schema: z.ZodType<unknown, string>;
}

export type Settings = Readonly<Record<string, Setting>>;

/** How to read one setting, without its default. */
export type Reading = Omit<Setting, "default">;

/** How options are read, their bounds included: every one but yes or no, which needs no more said, and the seed, which is no setting. */
export type Readings<Options> = Readonly<
  Record<
    { [Name in Exclude<keyof Options & string, "seed">]: Options[Name] extends boolean ? never : Name }[Exclude<
      keyof Options & string,
      "seed"
    >],
    Reading
  >
>;

const numeric = z.string().trim().min(1).transform(Number).pipe(z.number());

/** A number within bounds. */
export function real(least = -Infinity, most = Infinity): Reading {
  const bounds =
    least === -Infinity && most === Infinity ? "" : most === Infinity ? ` from ${least}` : ` from ${least} to ${most}`;
  return { expected: `a number${bounds}`, schema: numeric.pipe(z.number().min(least).max(most)) };
}

/** A number above 0. */
export function positive(): Reading {
  return { expected: "a number above 0", schema: numeric.pipe(z.number().gt(0)) };
}

/** A number between two that it can't be itself. */
export function between(low: number, high: number): Reading {
  return { expected: `a number between ${low} and ${high}`, schema: numeric.pipe(z.number().gt(low).lt(high)) };
}

/** A number from 0 to below a bound. */
export function below(bound: number): Reading {
  return { expected: `a number from 0 to below ${bound}`, schema: numeric.pipe(z.number().min(0).lt(bound)) };
}

/** A share above 0, up to all. */
export function share(): Reading {
  return { expected: "a number above 0 and at most 1", schema: numeric.pipe(z.number().gt(0).max(1)) };
}

/** A whole number from `least` on. */
export function whole(least = 0): Reading {
  return { expected: `a whole number from ${least}`, schema: numeric.pipe(z.number().int().min(least)) };
}

/** One of some words. */
export function choice(...words: readonly [string, ...string[]]): Reading {
  return { expected: `one of ${words.join(", ")}`, schema: z.string().pipe(z.enum(words)) };
}

export function flag(): Reading {
  return { expected: "true or false", schema: z.enum(["true", "false"]).transform((word) => word === "true") };
}

/** Numbers with commas between them, at least so many; where that is 0, `none` for an empty list. */
export function list(item: Reading, { least = 0 } = {}): Reading {
  const items = z
    .string()
    .transform((text) => (least === 0 && (text === "none" || text === "") ? [] : text.split(",")))
    .pipe(z.array(item.schema).min(least));
  const numbers = `${item.expected.replace(/^an? /, "").replace("number", "numbers")} with commas between them`;
  return { expected: least === 0 ? `${numbers}, or none` : numbers, schema: items };
}

/** Either of two readings; the first that fits. */
export function either(a: Reading, b: Reading): Reading {
  return { expected: `${a.expected}, or ${b.expected}`, schema: z.union([a.schema, b.schema]) };
}

/** Settings from defaults, and how each is read. */
export function settings<Options extends object>(defaults: Options, readings: Readings<Options>): Settings {
  const known: Readonly<Record<string, Reading>> = readings;
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { default: value, ...(known[name] ?? flag()) }]),
  );
}

/** The same settings with other defaults. */
export function withDefaults(known: Settings, defaults: Readonly<Record<string, unknown>>): Settings {
  const other = Object.entries(defaults).map(([name, value]) => [name, { ...known[name], default: value }]);
  return { ...known, ...Object.fromEntries(other) };
}

/**
 * The values of `--set name=value ...`, over the defaults. Throws `BadInput` on a name that is not among the settings
 * (with what it is called here, or the nearest that are), on a name given twice, and on a value of another type (with what was expected).
 */
export function readSettings(known: Settings, texts: readonly string[], owner: string): Record<string, unknown> {
  const values = Object.fromEntries(Object.entries(known).map(([name, setting]) => [name, setting.default]));
  const seen = new Set<string>();
  for (const text of texts) {
    const at = text.indexOf("=");
    if (at < 1)
      throw new BadInput(
        `--set ${text}: expected name=value, such as --set ${Object.keys(known)[0]}=${shown(Object.values(known)[0]?.default)}`,
      );
    const name = text.slice(0, at);
    if (name === "seed") throw new BadInput(`--set ${text}: the seed is an option of its own, give --seed ${text.slice(at + 1)}`);
    if (!Object.hasOwn(known, name)) {
      const own = knownElsewhere(name, Object.keys(known));
      const near =
        own.length > 0 ? `here it is ${own.join(" or ")}` : `the nearest are ${nearest(name, Object.keys(known)).join(", ")}`;
      throw new BadInput(`${owner} has no setting "${name}"; ${near}; all of them: apprentice algorithms ${owner}`);
    }
    if (seen.has(name)) throw new BadInput(`--set ${name} is given twice; give it once`);
    seen.add(name);
    const read = known[name].schema.safeParse(text.slice(at + 1));
    if (!read.success) throw new BadInput(`--set ${text}: ${name} takes ${known[name].expected}, found "${text.slice(at + 1)}"`);
    values[name] = read.data;
  }
  return values;
}

/** A setting's value as `--set` takes it. */
export function shown(value: unknown): string {
  return Array.isArray(value) ? (value.length > 0 ? value.join(",") : "none") : String(value);
}
