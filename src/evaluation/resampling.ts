import type { Rng } from "../autodiff/random.ts";

/** A uniform index below n (of 32 random bits, so that the chances differ by less than n / 2^32). */
export function pick(draws: Rng, n: number): number {
  return Math.floor((draws.next() / 4294967296) * n);
}

/** The quantile of sorted values, linear between them (type 7 of Hyndman & Fan 1996, as NumPy does). */
export function quantile(sorted: Float64Array, p: number): number {
  const at = p * (sorted.length - 1);
  const i = Math.floor(at);
  const next = Math.min(i + 1, sorted.length - 1);
  return sorted[i] + (at - i) * (sorted[next] - sorted[i]);
}

/** What an interval of this coverage leaves out at either end. Throws unless it is between 0 and 1. */
export function tail(confidence = 0.95): number {
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`confidence is between 0 and 1, found ${confidence}; 95 % is 0.95`);
  return (1 - confidence) / 2;
}

/** The number, if it is a positive whole one; throws otherwise. */
export function positive(n: number, what: string): number {
  const found = typeof n === "string" ? JSON.stringify(n) : n; // "3" is no 3
  if (!(Number.isInteger(n) && n > 0)) throw new RangeError(`${what} is a positive whole number, found ${found}`);
  return n;
}

/** A copy of finite numbers, at least one; throws otherwise, naming the first that is not. */
export function checked(values: ArrayLike<number>, what: string): Float64Array {
  if (values.length === 0) throw new RangeError(`${what}: at least one number is needed, found none`);
  return Float64Array.from(values, (value, i) => {
    if (!Number.isFinite(value)) throw new RangeError(`${what}: number ${i} is ${value}, expected a finite number`);
    return value;
  });
}
