import type { DisagreementEstimate, Interval } from "../evaluation/index.ts";
import type { Judgement } from "./judge.ts";
import { counted, short } from "./terminal.ts";

/** The verdict as rows of a table: what, its estimate, its interval. */
export function verdictRows(verdict: Judgement, names: { readonly expert: string; readonly learner: string }): string[][] {
  const { learner, expert } = names;
  const row = (name: string, value: Interval, unit = "") => [name, short(value.mean) + unit, interval(value)];
  return [
    ...(verdict.expert ? [row(`return of the expert (${expert})`, verdict.expert)] : []),
    row(`return of the ${learner}, most likely actions`, verdict.learner),
    row(`return of the ${learner}, drawn actions`, verdict.sampled),
    ...(verdict.gap ? [row("gap", verdict.gap)] : []),
    ...(verdict.sampledGap ? [row("gap, drawn actions", verdict.sampledGap)] : []),
    ...(verdict.onExpertStates
      ? [
          row(
            `${disagreement(verdict.onExpertStates)} on the expert's states, ${compared(verdict.onExpertStates)}`,
            verdict.onExpertStates,
          ),
        ]
      : []),
    ...(verdict.onLearnerStates
      ? [
          row(
            `${disagreement(verdict.onLearnerStates)} on the ${learner}'s own states, ${compared(verdict.onLearnerStates)}`,
            verdict.onLearnerStates,
          ),
        ]
      : []),
    ...(verdict.bound
      ? [
          ["exact gap, most likely actions", short(verdict.bound.gap), ""],
          [
            `its bound H Range(Q) eps = ${short(verdict.bound.horizon)} x ${short(verdict.bound.range)} x ${short(verdict.bound.eps)} (eps a step of the horizon)`,
            short(verdict.bound.bound),
            "",
          ],
        ]
      : []),
  ];
}

export const verdictHead = (confidence: number) => ["", "mean", `${short(100 * confidence)} % interval`];

/** The verdict for programs. */
export function verdictJson(verdict: Judgement): Record<string, unknown> {
  const { expert, learner, gap, sampled, sampledGap, onExpertStates, onLearnerStates, bound, episodes, confidence } = verdict;
  return {
    ...(expert ? { expert } : {}),
    learner,
    ...(gap ? { gap } : {}),
    sampled,
    ...(sampledGap ? { sampledGap } : {}),
    ...(onExpertStates ? { disagreement: onExpertStates } : {}),
    ...(onLearnerStates ? { disagreementOnLearnerStates: onLearnerStates } : {}),
    ...(bound ? { bound } : {}),
    episodes,
    confidence,
  };
}

/** The verdict in a sentence. */
export function summary(verdict: Judgement, learner: string): string {
  const { gap, expert, env, episodes } = verdict;
  const returns = `The ${learner} returns ${short(verdict.learner.mean)} in ${env}`;
  if (!gap || !expert)
    return `${returns} ${interval(verdict.learner)}, over ${counted(episodes, "episode")}; there was nobody to compare with.`;
  const against = `${returns} against the expert's ${short(expert.mean)}, over ${counted(episodes, "episode")}`;
  if (!Number.isFinite(gap.low) || !Number.isFinite(gap.high)) {
    const one = Number.isFinite(expert.low) ? "episode" : "demonstration";
    return `${against}: a gap of ${short(gap.mean)}; one ${one} gives no interval.`;
  }
  if (gap.low <= 0 && gap.high >= 0) {
    return `${against}: the gap of ${short(gap.mean)} cannot be told from none ${interval(gap)}.`;
  }
  return gap.mean > 0
    ? `${against}: it falls short by ${short(gap.mean)} ${interval(gap)}.`
    : `${against}: it is better by ${short(-gap.mean)} ${interval({ mean: -gap.mean, low: -gap.high, high: -gap.low })}.`;
}

export function interval({ mean, low, high }: Interval): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return "–"; // one value alone says nothing of its spread
  const size = Math.max(...[mean, low, high].filter(Number.isFinite).map(Math.abs), 0);
  const clean = (value: number) => short(Math.abs(value) < 1e-9 * size ? 0 : value); // rounding's dust is no number
  return `[${clean(low)}, ${clean(high)}]`;
}

function disagreement({ measure }: DisagreementEstimate): string {
  return measure === "mismatch" ? "disagreement" : "distance";
}

function compared({ trajectories }: DisagreementEstimate): string {
  return counted(trajectories, "episode");
}
