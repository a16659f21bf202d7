/** One line of the table: what was measured, beside what it is compared with in the same run. */
export interface Row {
  readonly row: string;
  readonly value: number;
  readonly unit: string;
  /** What `ratio` divides by: a peer measured in the same run, a rate of this machine, or a stated goal. */
  readonly against: string;
  /** Ours divided by theirs; above 1 is better for rates. */
  readonly ratio: number;
}

export interface Context {
  /** Measure other libraries too, where Python has them. */
  readonly peers: boolean;
  /** Tells the person waiting what is going on. */
  say(text: string): void;
}

/** A benchmark that gives one or more rows. */
export type Bench = (context: Context) => Promise<Row[]>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Seconds that `work` took. */
export async function seconds(work: () => unknown): Promise<number> {
  const begin = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - begin) / 1e9;
}

/**
 * Two rates measured in turns, so that a busy moment of the machine hits both: the median of each, and the median of the
 * ratios of neighbours.
 */
export async function paired(rounds: number, ours: () => Promise<number>, theirs: () => Promise<number>) {
  const a: number[] = [];
  const b: number[] = [];
  await ours();
  await theirs();
  for (let k = 0; k < rounds; k++) {
    a.push(await ours());
    b.push(await theirs());
  }
  return { ours: median(a), theirs: median(b), ratio: median(a.map((own, k) => own / b[k])) };
}
