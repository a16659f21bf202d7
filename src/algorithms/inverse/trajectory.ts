import { available, type TabularMdp } from "../../mdp/tabular.ts";
import type { RewardOver } from "../../rewards/index.ts";
import { entering, type PathModel, walkUnder } from "./causal.ts";
import { type Flow, rowVisits } from "./visits.ts";

/**
 * Maximum entropy over paths (Ziebart, Maas, Bagnell & Dey 2008):
 *
 *     P(τ) = exp(Σ_h r(s_h,a_h,s_h+1)) Π_h P(s_h+1|s_h,a_h) / Z(s_1)
 *
 * which the paper derives for deterministic dynamics, and takes as an approximation for random ones (its equation 4).
 * With Z_h(s) = exp V_h(s), backwards from V_{H+1} = 0:
 *
 *     Q_h(s,a) = log Σ_s' P(s'|s,a) exp(r(s,a,s') + V_{h+1}(s')),   V_h(s) = log Σ_a exp Q_h(s,a)
 *
 * Under P(τ) an action has probability π_h(a|s) = exp(Q_h - V_h), and where it leads is bent towards where more is to be
 * earned: P̃_h(s'|s,a) ∝ P(s'|s,a) exp(r + V_{h+1}(s')). So `forward`, whose visits make the exact gradient of the likelihood
 * of this distribution, and `walk`, what π visits in the world, agree only if the dynamics are deterministic.
 * Throws unless the horizon is finite and there is no discount.
 * @formula maxent-paths
 */
export function trajectoryModel(mdp: TabularMdp, over: RewardOver, flow: Flow): PathModel {
  const { S, A, H, gamma, P, terminal } = mdp;
  if (H === Infinity || gamma !== 1) {
    throw new RangeError(
      `maximum entropy over paths needs a finite horizon and no discount, found H = ${H}, gamma = ${gamma}: take withObjective(mdp, { H }), or the causal model`,
    );
  }
  const V = new Float64Array((H + 1) * S);
  const Q = new Float64Array(H * S * A);
  const pi = new Float64Array(H * S * A);
  const pairs = new Float64Array(S * A);
  const entries = new Float64Array(P.next.length);
  const scratch = new Float64Array(2 * S);
  const logP = P.p.map(Math.log);
  const gain = new Float64Array(P.next.length); // r(s, a, s') + log P(s' | s, a)
  let visits: Float64Array | undefined;
  let walked: Float64Array | undefined;

  return {
    backward(rewards) {
      gains(mdp, over, rewards, logP, gain);
      for (let s = 0; s < S; s++) V[H * S + s] = 0;
      for (let h = H - 1; h >= 0; h--) {
        for (let s = 0; s < S; s++) {
          const first = (h * S + s) * A;
          if (terminal[s] === 1) {
            V[h * S + s] = 0;
            for (let a = 0; a < A; a++) pi[first + a] = 1 / A;
            continue;
          }
          for (let a = 0; a < A; a++) {
            const i = s * A + a;
            Q[first + a] = logSumOver(P.rows[i], P.rows[i + 1], P.next, gain, V, (h + 1) * S);
          }
          V[h * S + s] = softmaxInto(Q, first, A, pi);
        }
      }
      return entering(flow, V);
    },
    forward() {
      bentWalk();
      visits ??= new Float64Array(over === "s" ? S : over === "sa" ? S * A : entries.length);
      if (over === "sas") {
        visits.set(entries);
        for (let i = 0; i < S * A; i++) {
          if (terminal[Math.floor(i / A)] === 1) visits.fill(0, P.rows[i], P.rows[i + 1]);
        }
        return visits;
      }
      return rowVisits(mdp, over, pairs, visits);
    },
    walk() {
      walkUnder(mdp, pi, flow, pairs, scratch);
      walked = rowVisits(mdp, over, pairs, walked);
      return walked;
    },
    policy: () => pi,
    values: () => V,
  };

  /** The visits of P(τ) itself, to pairs and to entries. */
  function bentWalk(): void {
    pairs.fill(0);
    entries.fill(0);
    scratch.fill(0);
    scratch.set(flow.start);
    let now = 0;
    for (let h = 0; h < H; h++) {
      const then = S - now;
      for (let s = 0; s < S; s++) {
        const here = scratch[now + s];
        scratch[now + s] = 0;
        if (here === 0 || terminal[s] === 1) continue;
        for (let a = 0; a < A; a++) {
          const mass = here * pi[(h * S + s) * A + a];
          if (mass === 0) continue;
          const i = s * A + a;
          pairs[i] += mass;
          for (let k = P.rows[i]; k < P.rows[i + 1]; k++) {
            const to = P.next[k];
            const bent = mass * Math.exp(gain[k] + V[(h + 1) * S + to] - Q[(h * S + s) * A + a]);
            entries[k] += bent;
            scratch[then + to] += bent;
          }
        }
      }
      if (flow.cuts && h + 1 < H) for (let s = 0; s < S; s++) scratch[then + s] += flow.cuts[(h + 1) * S + s];
      now = then;
    }
  }
}

/** r + log P of every entry. */
function gains(mdp: TabularMdp, over: RewardOver, rewards: Float64Array, logP: Float64Array, out: Float64Array): void {
  const { S, A, P } = mdp;
  for (let s = 0, i = 0; s < S; s++) {
    for (let a = 0; a < A; a++, i++) {
      if (!available(mdp, s, a)) continue;
      for (let k = P.rows[i]; k < P.rows[i + 1]; k++) {
        out[k] = logP[k] + (over === "s" ? rewards[s] : over === "sa" ? rewards[i] : rewards[k]);
      }
    }
  }
}

/** log Σ_k exp(gain_k + V(next_k)) over entries `from .. to`; -Infinity over none. */
function logSumOver(from: number, to: number, next: Int32Array, gain: Float64Array, V: Float64Array, fromV: number): number {
  if (to - from === 1) return gain[from] + V[fromV + next[from]];
  let best = -Infinity;
  for (let k = from; k < to; k++) best = Math.max(best, gain[k] + V[fromV + next[k]]);
  if (best === -Infinity) return best;
  let sum = 0;
  for (let k = from; k < to; k++) sum += Math.exp(gain[k] + V[fromV + next[k]] - best);
  return best + Math.log(sum);
}

/** The softmax of `Q[first .. first + A)` into `pi`, and log Σ exp of it. */
function softmaxInto(Q: Float64Array, first: number, A: number, pi: Float64Array): number {
  let best = -Infinity;
  for (let i = first; i < first + A; i++) best = Math.max(best, Q[i]);
  let sum = 0;
  for (let i = first; i < first + A; i++) {
    pi[i] = Math.exp(Q[i] - best);
    sum += pi[i];
  }
  for (let i = first; i < first + A; i++) pi[i] /= sum;
  return best + Math.log(sum);
}
