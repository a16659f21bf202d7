import type { TabularMdp } from "../../mdp/tabular.ts";
import { expectedReward, type RewardOver } from "../../rewards/index.ts";
import { occupancy, softBackward, softValueIteration } from "../../solvers/index.ts";
import { type Flow, rowVisits } from "./visits.ts";

/**
 * A distribution over paths that a reward gives rise to, as a learner of rewards needs it: backwards for its normaliser
 * and its policy, forwards for what it visits. Tables are reused from one call to the next.
 */
export interface PathModel {
  /** Takes rewards by rows; gives the log of the normaliser, averaged over where paths start (and less what is cut). */
  backward(rewards: Float64Array): number;
  /** The visits to rows that the model expects, Σ_h γ^(h-1) Pr(row at step h), `[rows]`. */
  forward(): Float64Array;
  /** The visits to rows when its policy acts in the process itself, `[rows]`. */
  walk(): Float64Array;
  /** π_h(a|s) `[H, S, A]`, or `[S, A]` for a discounted process. */
  policy(): Float64Array;
  /** log Σ exp: V_h(s) `[H + 1, S]` or `[S]`. */
  values(): Float64Array;
}

/**
 * Maximum causal entropy (Ziebart, Bagnell & Dey 2010): the policy of most causal entropy among those with given feature
 * counts has the form of a soft Bellman recursion,
 *
 *     Q_h(s,a) = E_s'[r(s,a,s') + γ V_{h+1}(s')],   V_h(s) = log Σ_a exp Q_h(s,a),   π_h(a|s) = exp(Q_h(s,a) - V_h(s))
 *
 * and what it expects to visit is what it visits: transitions are the world's.
 */
export function causalModel(mdp: TabularMdp, over: RewardOver, flow: Flow): PathModel {
  return mdp.H === Infinity ? discounted(mdp, over, flow) : episodic(mdp, over, flow);
}

function episodic(mdp: TabularMdp, over: RewardOver, flow: Flow): PathModel {
  const { S, A, H } = mdp;
  const V = new Float64Array((H + 1) * S);
  const Q = new Float64Array(H * S * A);
  const pi = new Float64Array(H * S * A);
  const r = new Float64Array(S * A);
  const pairs = new Float64Array(S * A);
  const scratch = new Float64Array(2 * S);
  let visits: Float64Array | undefined;
  const forward = () => {
    walkUnder(mdp, pi, flow, pairs, scratch);
    visits = rowVisits(mdp, over, pairs, visits);
    return visits;
  };
  return {
    backward(rewards) {
      expectedReward(mdp, over, rewards, r);
      softBackward(mdp, r, 1, { V, Q, pi });
      return entering(flow, V);
    },
    forward,
    walk: forward,
    policy: () => pi,
    values: () => V,
  };
}

function discounted(mdp: TabularMdp, over: RewardOver, flow: Flow): PathModel {
  const { S, A, gamma } = mdp;
  const r = new Float64Array(S * A);
  const rho = flow.cuts ? flow.start.map((n, s) => n + flow.cuts![s]) : flow.start;
  let V: Float64Array = new Float64Array(S);
  let pi: Float64Array = new Float64Array(S * A);
  let visits: Float64Array | undefined;
  const forward = () => {
    const { dsa } = occupancy({ ...mdp, rho }, pi);
    for (let i = 0; i < dsa.length; i++) dsa[i] /= 1 - gamma;
    visits = rowVisits(mdp, over, dsa, visits);
    return visits;
  };
  return {
    backward(rewards) {
      expectedReward(mdp, over, rewards, r);
      ({ V, pi } = softValueIteration({ ...mdp, r }));
      let sum = 0;
      for (let s = 0; s < S; s++) sum += rho[s] * V[s];
      return sum;
    },
    forward,
    walk: forward,
    policy: () => pi,
    values: () => V,
  };
}

/** Σ_s start(s) V_1(s) + Σ_h,s cut_h(s) V_h(s). */
export function entering({ start, cuts }: Flow, V: Float64Array): number {
  let sum = 0;
  for (let s = 0; s < start.length; s++) if (start[s] > 0) sum += start[s] * V[s];
  if (cuts) for (let i = 0; i < cuts.length; i++) if (cuts[i] !== 0) sum += cuts[i] * V[i];
  return sum;
}

/**
 * Visits to pairs of a time-dependent policy, `pairs [S, A]` = Σ_h γ^(h-1) d_h(s) π_h(a|s), in one pass forwards with two
 * rows of d. What is cut leaves with its weight; what reaches a terminal state leaves, too.
 */
export function walkUnder(mdp: TabularMdp, pi: Float64Array, flow: Flow, pairs: Float64Array, scratch: Float64Array): void {
  const { S, A, H, gamma, terminal } = mdp;
  const { rows, next, p } = mdp.P;
  const { start, cuts } = flow;
  pairs.fill(0);
  let now = 0;
  scratch.fill(0);
  scratch.set(start);
  for (let h = 0; h < H; h++) {
    const then = S - now;
    const last = h + 1 === H;
    for (let s = 0; s < S; s++) {
      const here = scratch[now + s];
      scratch[now + s] = 0;
      if (here === 0 || terminal[s] === 1) continue;
      for (let i = s * A, j = (h * S + s) * A; i < (s + 1) * A; i++, j++) {
        const mass = here * pi[j];
        if (mass === 0) continue;
        pairs[i] += mass;
        if (last) continue;
        const onward = gamma * mass;
        for (let k = rows[i], end = rows[i + 1]; k < end; k++) scratch[then + next[k]] += onward * p[k];
      }
    }
    if (cuts && !last) for (let s = 0; s < S; s++) scratch[then + s] += cuts[(h + 1) * S + s];
    now = then;
  }
}
