import type { TabularMdp } from "../../mdp/index.ts";

/**
 * The linear programme of Mimic-MD over y_h(s, a) = Pr_π[T_h(s, a)], the chance of being off the states of D_1 by step h,
 * in s, and doing a:
 *
 *     min Σ |y - ŷ|   so that   Σ_a y_h(s, a) - Σ_{s',a'} P(s | s', a') y_{h-1}(s', a') = b_h(s),   y ≥ 0
 *
 * b_h(s) is what enters s from D_1's states at step h, if s is not one of them itself; in D_1's states only the known action
 * carries any flow. Only entries that some flow can reach are kept. No policy is planned for and no reward is there: with
 * P known this is the definition of the loss.
 */
export interface EscapeFlow {
  readonly S: number;
  readonly A: number;
  readonly H: number;
  /** Reachable places (h, s), in the order of h: `place[i] = h * S + s`. */
  readonly place: Int32Array;
  /** b of every place. */
  readonly inflow: Float64Array;
  /** The choices of place i are first[i] .. first[i + 1]. */
  readonly first: Int32Array;
  /** a, and ŷ, of every choice. */
  readonly action: Int32Array;
  readonly target: Float64Array;
  /** Where choice j leads: entries begin[j] .. begin[j + 1] of `to` (places) and `p`. */
  readonly begin: Int32Array;
  readonly to: Int32Array;
  readonly p: Float64Array;
  /** What no policy can help: Σ ŷ over entries that no flow reaches. */
  readonly missed: number;
  /** π where nothing is to be decided, `[H, S, A]`: known actions, and uniform. */
  readonly base: Float64Array;
}

type Dynamics = Pick<TabularMdp, "S" | "A" | "H" | "P" | "rho" | "terminal">;

/** The programme for the known actions `[H, S]` (-1 where there is none) and D_2's shares `[H, S, A]`. */
export function escapeFlow({ S, A, H, P, rho, terminal }: Dynamics, known: Int32Array, shares: Float64Array): EscapeFlow {
  const choicesAt = (s: number, action: number): number[] => {
    if (action >= 0) return [action];
    if (terminal[s] === 1) return [0];
    return Array.from({ length: A }, (_, a) => a).filter((a) => P.rows[s * A + a + 1] > P.rows[s * A + a]);
  };
  const base = new Float64Array(H * S * A);
  const entering = new Float64Array(H * S); // b
  let inside = new Float64Array(S); // the chance to be in s and to have been in D_1's states only
  let reachable = new Uint8Array(S);
  const place: number[] = [];
  const number = new Int32Array(H * S).fill(-1);
  for (let s = 0; s < S; s++) {
    if (known[s] >= 0) inside[s] = rho[s];
    else entering[s] = rho[s];
  }
  for (let h = 0; h < H; h++) {
    const insideNext = new Float64Array(S);
    const reachableNext = new Uint8Array(S);
    for (let s = 0; s < S; s++) {
      const at = h * S + s;
      const choices = choicesAt(s, known[at]);
      for (const a of choices) base[at * A + a] = 1 / choices.length;
      if (inside[s] > 0) {
        for (let k = P.rows[s * A + known[at]]; k < P.rows[s * A + known[at] + 1] && h + 1 < H; k++) {
          const [next, mass] = [P.next[k], inside[s] * P.p[k]];
          if (known[at - s + S + next] >= 0) insideNext[next] += mass;
          else entering[at - s + S + next] += mass;
        }
      }
      if (reachable[s] === 0 && entering[at] === 0) continue;
      number[at] = place.length;
      place.push(at);
      for (const a of choices) for (let k = P.rows[s * A + a]; k < P.rows[s * A + a + 1]; k++) reachableNext[P.next[k]] = 1;
    }
    inside = insideNext;
    reachable = reachableNext;
  }
  const first = [0];
  const action: number[] = [];
  const target: number[] = [];
  const begin = [0];
  const to: number[] = [];
  const p: number[] = [];
  let missed = shares.reduce((sum, share) => sum + share, 0);
  for (const at of place) {
    const [h, s] = [Math.floor(at / S), at % S];
    for (const a of choicesAt(s, known[at])) {
      action.push(a);
      target.push(shares[at * A + a]);
      missed -= shares[at * A + a];
      for (let k = P.rows[s * A + a]; k < P.rows[s * A + a + 1] && h + 1 < H; k++) {
        to.push(number[(h + 1) * S + P.next[k]]);
        p.push(P.p[k]);
      }
      begin.push(to.length);
    }
    first.push(action.length);
  }
  return {
    S,
    A,
    H,
    place: Int32Array.from(place),
    inflow: Float64Array.from(place, (at) => entering[at]),
    first: Int32Array.from(first),
    action: Int32Array.from(action),
    target: Float64Array.from(target),
    begin: Int32Array.from(begin),
    to: Int32Array.from(to),
    p: Float64Array.from(p),
    missed: Math.max(0, missed),
    base,
  };
}

/** Where the primal-dual method stands: plain. */
export interface FlowState {
  /** y, by choice. */
  y: Float64Array;
  /** λ, by place. */
  lambda: Float64Array;
}

/** The flow of the policy that chooses alike among all choices, with no prices yet. */
export function flowOf(program: EscapeFlow): FlowState {
  const { place, first } = program;
  const y = new Float64Array(program.action.length);
  const here = program.inflow.slice();
  for (let i = 0; i < place.length; i++) {
    for (let j = first[i]; j < first[i + 1]; j++) {
      y[j] = here[i] / (first[i + 1] - first[i]);
      for (let k = program.begin[j]; k < program.begin[j + 1]; k++) here[program.to[k]] += y[j] * program.p[k];
    }
  }
  return { y, lambda: new Float64Array(place.length) };
}

/**
 * Steps of the primal-dual hybrid gradient method (Chambolle & Pock 2011), each constraint and each variable with its own
 * step size (Pock & Chambolle 2011): y moves along the prices λ and then towards ŷ, the prices along what the flow lacks.
 * Prices are worth steps of H, flows parts of a trajectory's share, so the steps of y are a tenth of the smallest share.
 * Gives the means of y and λ over these steps, which often settle sooner.
 */
export function improveFlow(program: EscapeFlow, { y, lambda }: FlowState, steps: number): FlowState {
  const { place, inflow, first, target, begin, to, p } = program;
  const stride = 0.1 * target.reduce((least, share) => (share > 0 ? Math.min(least, share) : least), 1);
  const sizes = new Float64Array(place.length); // Σ |entries| of each constraint's row
  for (let i = 0; i < place.length; i++) sizes[i] += first[i + 1] - first[i];
  for (let k = 0; k < to.length; k++) sizes[to[k]] += p[k];
  const lack = new Float64Array(place.length);
  const means = { y: new Float64Array(y.length), lambda: new Float64Array(lambda.length) };
  for (let step = 0; step < steps; step++) {
    lack.set(inflow);
    for (let i = 0; i < place.length; i++) {
      for (let j = first[i]; j < first[i + 1]; j++) {
        let price = lambda[i];
        for (let k = begin[j]; k < begin[j + 1]; k++) price -= p[k] * lambda[to[k]];
        const tau = begin[j + 1] > begin[j] ? stride : 2 * stride; // the inverse of the column's Σ |entries|
        const before = y[j];
        const moved = before - tau * price - target[j];
        y[j] = Math.max(0, target[j] + Math.sign(moved) * Math.max(0, Math.abs(moved) - tau));
        means.y[j] += y[j] / steps;
        const ahead = 2 * y[j] - before;
        lack[i] -= ahead;
        for (let k = begin[j]; k < begin[j + 1]; k++) lack[to[k]] += p[k] * ahead;
      }
    }
    for (let i = 0; i < place.length; i++) {
      lambda[i] -= lack[i] / (2 * stride * sizes[i]);
      means.lambda[i] += lambda[i] / steps;
    }
  }
  return means;
}

/** π_h(a | s) = y_h(s, a) / Σ_b y_h(s, b), `[H, S, A]`: known actions, and uniform where no flow goes. */
export function flowPolicy(program: EscapeFlow, { y }: FlowState): Float64Array {
  const { A, place, first, action } = program;
  const pi = program.base.slice();
  for (let i = 0; i < place.length; i++) {
    let sum = 0;
    for (let j = first[i]; j < first[i + 1]; j++) sum += y[j];
    if (sum < 1e-12) continue;
    for (let j = first[i]; j < first[i + 1]; j++) pi[place[i] * A + action[j]] = y[j] / sum;
  }
  return pi;
}

/** Σ |Pr_π[T_h(s, a)] - ŷ| of a policy, exactly. */
export function escapeDistance(program: EscapeFlow, pi: Float64Array): number {
  const { A, place, inflow, first, action, target, begin, to, p } = program;
  const here = inflow.slice();
  let distance = program.missed;
  for (let i = 0; i < place.length; i++) {
    for (let j = first[i]; j < first[i + 1]; j++) {
      const mass = here[i] * pi[place[i] * A + action[j]];
      distance += Math.abs(mass - target[j]);
      for (let k = begin[j]; k < begin[j + 1]; k++) here[to[k]] += mass * p[k];
    }
  }
  return distance;
}

/**
 * A number that no policy's distance is below. For any w in [-1, 1],
 *
 *     min_π Σ |y_π - ŷ| ≥ min_π Σ w (y_π - ŷ) = Σ_h Σ_s b_h(s) V_h(s) - Σ w ŷ,   V_h(s) = min_a w_h(s,a) + Σ_s' P(s'|s,a) V_{h+1}(s')
 *
 * with w the slope that the prices imply; it is tight at the optimum.
 */
export function escapeLowerBound(program: EscapeFlow, { lambda }: FlowState): number {
  const { place, inflow, first, target, begin, to, p } = program;
  const V = new Float64Array(place.length);
  let bound = program.missed;
  for (let i = place.length - 1; i >= 0; i--) {
    let least = Infinity;
    for (let j = first[i]; j < first[i + 1]; j++) {
      let price = lambda[i];
      let ahead = 0;
      for (let k = begin[j]; k < begin[j + 1]; k++) {
        price -= p[k] * lambda[to[k]];
        ahead += p[k] * V[to[k]];
      }
      const w = Math.min(1, Math.max(-1, -price));
      bound -= w * target[j];
      least = Math.min(least, w + ahead);
    }
    V[i] = least;
    bound += inflow[i] * least;
  }
  return bound;
}
