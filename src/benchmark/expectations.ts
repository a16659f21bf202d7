import { type Interval, taskMean } from "../evaluation/index.ts";
import { tasks } from "./suite.ts";
import type { Summary } from "./summary.ts";

/** Something that ought to be so, beside what was measured. */
export interface Expectation {
  readonly expected: string;
  /** What was measured of it, with the environment where it is least so. */
  readonly measured: Interval;
  readonly where: string;
  readonly holds: boolean;
}

/** What GAIL and IQ-Learn should reach on every classic task. */
const NEAR = 0.95;

/**
 * What theory and the papers say of a benchmark: that DAgger is no worse than behavior cloning from the same number of labels,
 * and that GAIL and IQ-Learn come near the expert on every classic task. Only what was measured is listed. The first is
 * about the difference of the means over all environments, and doesn't hold where its whole interval is below 0; the others
 * are about the worst mean.
 */
export function expectations({ algorithms, environments, cells }: Summary): Expectation[] {
  const scores = (algorithm: string, env: string) =>
    cells.find((cell) => cell.algorithm === algorithm && cell.env === env)?.scores ?? [];
  const found: Expectation[] = [];
  if (algorithms.includes("bc") && algorithms.includes("dagger")) {
    // The same seed is the same demonstrations and the same episodes of the judge: the runs belong together in pairs.
    const differences = environments
      .map((env) => {
        const clones = scores("bc", env);
        const learners = scores("dagger", env);
        return clones.length === learners.length ? learners.map((score, i) => score - clones[i]) : [];
      })
      .filter((pairs) => pairs.length > 0);
    if (differences.length > 0) {
      const measured = taskMean(differences);
      found.push({ expected: "DAgger - BC at least 0", measured, where: "mean over environments", holds: measured.high >= 0 });
    }
  }
  for (const [algorithm, title] of [
    ["gail", "GAIL"],
    ["iq-learn", "IQ-Learn"],
  ]) {
    const classic = cells.filter(
      (cell) => cell.algorithm === algorithm && tasks.some(({ env, group }) => env === cell.env && group === "classic"),
    );
    if (classic.length === 0) continue;
    const worst = classic.reduce((least, cell) => (cell.mean.mean < least.mean.mean ? cell : least));
    const expected = `${title} at least ${NEAR} on every classic task`;
    found.push({ expected, measured: worst.mean, where: worst.env, holds: worst.mean.mean >= NEAR });
  }
  return found;
}
