/** How labels are spread over a run: evenly, or more of them early. */
export type LabelSchedule = "constant" | "hyperbolic" | "inverse-quadratic";

export const labelSchedules = ["constant", "hyperbolic", "inverse-quadratic"] as const;

export interface PlanOptions {
  /** Comparisons that the expert is asked for, in all; 0 to learn from given ones alone. */
  labels: number;
  /** Times that the expert is asked, spread evenly over the run: at most once for each label, and once in each round after those at first. */
  sessions: number;
  /** The share of labels that is asked for at the first session, about what the policy does before it learns. */
  initialShare: number;
  /** How the labels after the first session are spread over the others: evenly, or in proportion to 1/(1 + i) or 1/(1 + i²). */
  labelSchedule: LabelSchedule;
}

/**
 * How many labels have been asked for after each session, `[sessions]`: the first has `initialShare` of them, session i ≥ 1 of the
 * others a part in proportion to
 *
 *     1 (constant),   1 / (1 + i) (hyperbolic; Christiano et al. 2017, appendix A),   1 / (1 + i²) (inverse-quadratic)
 *
 * @formula label-schedule
 */
export function labelPlan({ labels, sessions, initialShare, labelSchedule }: PlanOptions): number[] {
  const first = sessions === 1 ? labels : Math.min(labels, Math.max(1, Math.round(initialShare * labels)));
  const weight = (i: number) => ({ constant: 1, hyperbolic: 1 / (1 + i), "inverse-quadratic": 1 / (1 + i * i) })[labelSchedule];
  const plan = [first];
  let [sum, total] = [0, 0];
  for (let i = 1; i < sessions; i++) total += weight(i);
  for (let i = 1; i < sessions; i++) {
    sum += weight(i);
    plan.push(first + Math.round(((labels - first) * sum) / total));
  }
  return plan;
}

/** How many sessions there is room for: one a label, if any are asked for, and one a round after those that explore. */
export function sessionsOf({ sessions, labels }: PlanOptions, rounds: number, explored: number): number {
  return Math.max(1, Math.min(sessions, labels > 0 ? labels : Infinity, rounds - explored));
}

/** The session that is held before round k of R (from 0) is made, if one is: the first after `explored` rounds, the others evenly after it. */
export function sessionsBefore(
  round: number,
  rounds: number,
  { sessions, explored }: { sessions: number; explored: number },
): number {
  if (round < explored) return 0;
  return Math.min(sessions, 1 + Math.floor(((round - explored) * sessions) / Math.max(1, rounds - explored)));
}
