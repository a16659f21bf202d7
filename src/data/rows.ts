/** Rows that can be had by their numbers 0 .. length - 1, from memory or from a file that is larger than memory. */
export interface Rows<T> {
  readonly length: number;
  /** The rows of these numbers, in this order. */
  get(numbers: ArrayLike<number>): readonly T[] | Promise<readonly T[]>;
}

/** A list as rows. */
export function rowsOf<T>(rows: readonly T[] | Rows<T>): Rows<T> {
  return "get" in rows ? rows : { length: rows.length, get: (numbers) => Array.from(numbers, (i) => rows[i]) };
}

/** Every row through a function, when it is read; the function is told the row's number. */
export function mapRows<T, U>(rows: readonly T[] | Rows<T>, f: (row: T, number: number) => U): Rows<U> {
  const from = rowsOf(rows);
  return {
    length: from.length,
    get: async (numbers) => (await from.get(numbers)).map((row, k) => f(row, numbers[k])),
  };
}

/** The rows of one and then those of another. */
export function joinRows<T>(first: readonly T[] | Rows<T>, second: readonly T[] | Rows<T>): Rows<T> {
  const [a, b] = [rowsOf(first), rowsOf(second)];
  return {
    length: a.length + b.length,
    async get(numbers) {
      const list = Array.from(numbers);
      const fromA = await a.get(list.filter((i) => i < a.length));
      const fromB = await b.get(list.filter((i) => i >= a.length).map((i) => i - a.length));
      let [atA, atB] = [0, 0];
      return list.map((i) => (i < a.length ? fromA[atA++] : fromB[atB++]));
    },
  };
}
