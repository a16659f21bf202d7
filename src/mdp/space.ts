import type { Rng } from "../autodiff/random.ts";

/** One of `n` choices, 0 .. n-1; a batch is an `Int32Array` `[B]`. */
export interface Discrete {
  readonly kind: "discrete";
  readonly n: number;
}

/** Several choices at once, the i-th among `ns[i]`; a batch is an `Int32Array` `[B, ns.length]`. */
export interface MultiDiscrete {
  readonly kind: "multi-discrete";
  readonly ns: readonly number[];
}

/** Real numbers of a shape between bounds (in the environment's units); a batch is a `Float32Array` `[B, size]`, row-major. */
export interface Box {
  readonly kind: "box";
  readonly shape: readonly number[];
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Only whole numbers from 0 to 255, as in pictures: data sets keep them as bytes. */
  readonly bytes?: true;
}

/** Named parts, laid out one after the other in the order of their names; only for observations. */
export interface Dict {
  readonly kind: "dict";
  readonly spaces: Readonly<Record<string, Space>>;
}

export type Space = Discrete | MultiDiscrete | Box | Dict;

/** `n` choices. Throws unless n is a positive whole number. */
export function discrete(n: number): Discrete {
  positive("discrete(n)", n);
  return { kind: "discrete", n };
}

/** Several choices at once. Throws unless every entry is a positive whole number. */
export function multiDiscrete(ns: readonly number[]): MultiDiscrete {
  if (!Array.isArray(ns)) throw new TypeError(`multiDiscrete(ns) takes a list of numbers of choices, found ${ns}`);
  if (ns.length === 0) throw new RangeError("multiDiscrete(ns) takes at least one number of choices, found none");
  for (const n of ns) positive("multiDiscrete(ns)", n);
  return { kind: "multi-discrete", ns: [...ns] };
}

/** Real numbers of a shape; each bound is one number for all entries or one for each. Throws if low > high anywhere. */
export function box(
  shape: readonly number[],
  low: number | ArrayLike<number> = -Infinity,
  high: number | ArrayLike<number> = Infinity,
): Box {
  if (!Array.isArray(shape)) throw new TypeError(`box(shape) takes a list of sides, found ${shape}; box([2]) has two entries`);
  for (const side of shape) positive("box(shape)", side);
  const size = shape.reduce((product, side) => product * side, 1);
  const bounds = (name: string, bound: number | ArrayLike<number>) => {
    if (typeof bound === "number") return new Float64Array(size).fill(bound);
    if (bound.length !== size) throw new RangeError(`box: ${name} has ${bound.length} entries, the shape [${shape}] has ${size}`);
    return Float64Array.from(bound);
  };
  const space: Box = { kind: "box", shape: [...shape], low: bounds("low", low), high: bounds("high", high) };
  for (let i = 0; i < size; i++) {
    if (!(space.low[i] <= space.high[i]))
      throw new RangeError(`box: low ${space.low[i]} is above high ${space.high[i]} at entry ${i}`);
  }
  return space;
}

/** Whole numbers from 0 to 255 of a shape, such as a picture's `[channels, rows, columns]`. Data sets keep them as bytes. */
export function bytes(shape: readonly number[]): Box {
  return { ...box(shape, 0, 255), bytes: true };
}

/** Whether every number of the space is a byte. */
export function isBytes(space: Space): boolean {
  if (space.kind === "dict") return Object.values(space.spaces).every(isBytes);
  return space.kind === "box" && space.bytes === true;
}

/** Named observations. The parts are laid out in the order of their sorted names. Throws a RangeError on no parts. */
export function dict(spaces: Readonly<Record<string, Space>>): Dict {
  const names = Object.keys(spaces).sort();
  if (names.length === 0) throw new RangeError("dict(spaces) takes at least one part, found none");
  return { kind: "dict", spaces: Object.fromEntries(names.map((name) => [name, spaces[name]])) };
}

/** How many numbers one element of the space takes in a flat batch (a discrete one takes 1: its index). */
export function size(space: Space): number {
  switch (space.kind) {
    case "discrete":
      return 1;
    case "multi-discrete":
      return space.ns.length;
    case "box":
      return space.low.length;
    case "dict":
      return Object.values(space.spaces).reduce((sum, part) => sum + size(part), 0);
  }
}

/** A space in a few characters, for tables and messages: `discrete(2)`, `box[4]`. */
export function describe(space: Space): string {
  switch (space.kind) {
    case "discrete":
      return `discrete(${space.n})`;
    case "multi-discrete":
      return `multi-discrete(${space.ns.join(", ")})`;
    case "box":
      return `${space.bytes ? "bytes" : "box"}[${space.shape.join(", ")}]`;
    case "dict":
      return `dict{${Object.entries(space.spaces)
        .map(([name, part]) => `${name}: ${describe(part)}`)
        .join(", ")}}`;
  }
}

/** Whether two spaces have the same kind, sizes and bounds. */
export function sameSpace(a: Space, b: Space): boolean {
  if (a.kind === "discrete" && b.kind === "discrete") return a.n === b.n;
  if (a.kind === "multi-discrete" && b.kind === "multi-discrete") return sameNumbers(a.ns, b.ns);
  if (a.kind === "box" && b.kind === "box") {
    const alike = sameNumbers(a.shape, b.shape) && sameNumbers(a.low, b.low) && sameNumbers(a.high, b.high);
    return alike && a.bytes === b.bytes;
  }
  if (a.kind === "dict" && b.kind === "dict") {
    const names = Object.keys(a.spaces);
    return (
      names.join("\n") === Object.keys(b.spaces).join("\n") && names.every((name) => sameSpace(a.spaces[name], b.spaces[name]))
    );
  }
  return false;
}

/**
 * What is wrong with one element `values[from .. from + size)`, in a few words, or `undefined` when it belongs to the space.
 * Infinity belongs to no space; bounds are checked with a relative tolerance for single precision.
 */
export function misfit(space: Space, values: ArrayLike<number>, from = 0): string | undefined {
  switch (space.kind) {
    case "discrete":
      return choice(values[from], space.n);
    case "multi-discrete":
      for (let i = 0; i < space.ns.length; i++) {
        const found = choice(values[from + i], space.ns[i]);
        if (found) return `part ${i}: ${found}`;
      }
      return undefined;
    case "box":
      for (let i = 0; i < space.low.length; i++) {
        const value = values[from + i];
        if (!Number.isFinite(value)) return `entry ${i} is ${value}, expected a finite number`;
        if (space.bytes && !Number.isInteger(value)) return `entry ${i} is ${value}, expected a whole number from 0 to 255`;
        const slack = 1e-6 * Math.max(1, Math.abs(value));
        if (value < space.low[i] - slack || value > space.high[i] + slack) {
          return `entry ${i} is ${value}, expected ${space.low[i]} to ${space.high[i]}`;
        }
      }
      return undefined;
    case "dict": {
      let offset = from;
      for (const [name, part] of Object.entries(space.spaces)) {
        const found = misfit(part, values, offset);
        if (found) return `${name}: ${found}`;
        offset += size(part);
      }
      return undefined;
    }
  }
}

/** One uniform draw of an action space into `out[from ..]` (a box without bounds gives standard normals, as in Gymnasium). */
export function sampleInto(space: Space, random: Rng, out: Int32Array | Float32Array | Float64Array, from = 0): void {
  switch (space.kind) {
    case "discrete":
      out[from] = random.integer(space.n);
      return;
    case "multi-discrete":
      for (let i = 0; i < space.ns.length; i++) out[from + i] = random.integer(space.ns[i]);
      return;
    case "box":
      for (let i = 0; i < space.low.length; i++) {
        out[from + i] = space.bytes ? random.integer(256) : sampleReal(space.low[i], space.high[i], random);
      }
      return;
    case "dict": {
      let offset = from;
      for (const part of Object.values(space.spaces)) {
        sampleInto(part, random, out, offset);
        offset += size(part);
      }
    }
  }
}

function sampleReal(low: number, high: number, random: Rng): number {
  if (low > -Infinity && high < Infinity) return random.uniform(low, high);
  if (low > -Infinity) return low - Math.log(1 - random.float());
  if (high < Infinity) return high + Math.log(1 - random.float());
  return random.normal();
}

function choice(value: number, n: number): string | undefined {
  return Number.isInteger(value) && value >= 0 && value < n
    ? undefined
    : `choice is ${value}, expected a whole number from 0 to ${n - 1}`;
}

function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function positive(what: string, value: number): void {
  if (!(Number.isInteger(value) && value > 0)) throw new RangeError(`${what} takes positive whole numbers, found ${value}`);
}

/** Whether two spaces have the same kind and sizes, whatever their bounds: a policy for one can be asked about the other. */
export function sameKind(a: Space, b: Space): boolean {
  if (a.kind === "box" && b.kind === "box") return size(a) === size(b);
  return describe(a) === describe(b);
}
