function must(values: Readonly<Record<string, number>>, holds: (value: number) => boolean, expected: string): void {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "number" && holds(value)) continue;
    const found = typeof value === "string" ? JSON.stringify(value) : String(value); // "3" is no 3
    throw new RangeError(`${name} is ${found}, expected ${expected}`);
  }
}

/** Throws, naming the first that is not, unless each option, as in `{ rounds, states }`, is a whole number from `least` on. */
export function mustBeCounts(values: Readonly<Record<string, number>>, least = 1): void {
  must(values, (value) => Number.isSafeInteger(value) && value >= least, `a whole number from ${least} on`);
}

/** Throws, naming the first that is not, unless each is a finite number above 0. */
export function mustBePositive(values: Readonly<Record<string, number>>): void {
  must(values, (value) => value > 0 && Number.isFinite(value), "a positive number");
}

/** Throws, naming the first that is not, unless each is a finite number from 0 on. */
export function mustNotBeNegative(values: Readonly<Record<string, number>>): void {
  must(values, (value) => value >= 0 && Number.isFinite(value), "a number from 0 on");
}

/** Throws, naming the first that is not, unless each is from 0 to 1. */
export function mustBeShares(values: Readonly<Record<string, number>>): void {
  must(values, (value) => value >= 0 && value <= 1, "a number from 0 to 1");
}

/** Throws, naming the first that is not, unless each is from 0 to below `end`. */
export function mustBeBelow(end: number, values: Readonly<Record<string, number>>): void {
  must(values, (value) => value >= 0 && value < end, `a number from 0 to below ${end}`);
}
