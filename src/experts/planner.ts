import { isTabular } from "../envs/tabular/from-tabular.ts";
import type { Actions, Env, Observations } from "../mdp/env.ts";
import type { Expert } from "../mdp/expert.ts";
import type { Policy } from "../mdp/policy.ts";
import { type TabularMdp, withObjective } from "../mdp/tabular.ts";
import { greedyActions, oneHot, type PolicyTable, TIE } from "../solvers/tabular/policies.ts";
import { policyEvaluation } from "../solvers/tabular/policy-evaluation.ts";
import { type Solution, valueIteration } from "../solvers/tabular/value-iteration.ts";

/** The optimal policy of a tabular world, as a policy and as an expert: both deterministic, ties go to the lowest action. */
export interface Planner extends Policy, Expert {
  label(observations: Observations): Int32Array;
  act(observations: Observations): Int32Array;
  /** The process that was planned for: the world's, over the horizon or discount that was asked for. */
  readonly mdp: TabularMdp;
  /** The action in each state, `[S]`. */
  readonly actions: Int32Array;
  /** The same as a table, `[S, A]`. */
  readonly pi: PolicyTable;
  /** V*, Q* and the optimal policy, which may depend on the step where there is a horizon. */
  readonly solution: Solution;
  /** What this policy is worth, V^pi(rho). */
  readonly value: number;
  /** What the best policy is worth, V*(rho): more than `value` only if the best one has to look at the clock. */
  readonly optimum: number;
}

/**
 * Plans by value iteration. A policy sees the state and not the clock, but with a finite horizon the best action may depend
 * on the steps that are left. In a state where one action is best at every step at which the state can be reached, that
 * action is taken; if there is one for each state, the policy is optimal and `value` equals `optimum`. In other states it is
 * the best action with the whole horizon left (receding horizon), and `optimum - value` says exactly what that costs. To
 * lose nothing, plan for `clocked(env)`, whose states contain the clock. `objective` plans over another horizon or discount
 * than the world's.
 *
 * Throws if the world is not tabular, or its observations are not its states.
 */
export function planner(env: Env, objective?: { readonly H?: number; readonly gamma?: number }): Planner {
  if (!isTabular(env)) throw new TypeError(`planner: ${env.id} has no table to plan with, expected a tabular environment`);
  if (env.seen) throw new TypeError(`planner: the observations of ${env.id} don't tell its states apart, expected them to`);
  const mdp = objective ? withObjective(env.mdp, objective) : env.mdp;
  const solution = valueIteration(mdp);
  const actions = mdp.H === Infinity ? greedyActions(mdp.A, solution.Q) : timeless(mdp, solution.Q);
  const pi = oneHot(mdp.A, actions);
  const choose = (observations: Observations): Int32Array => {
    const chosen = new Int32Array(observations.length);
    for (let i = 0; i < chosen.length; i++) {
      const action = actions[observations[i]];
      if (action === undefined) {
        throw new RangeError(`planner: observation ${i} is ${observations[i]}, expected a state of ${env.id}, 0 to ${mdp.S - 1}`);
      }
      chosen[i] = action;
    }
    return chosen;
  };
  return {
    observation: env.observation,
    action: env.action,
    act: choose,
    label: choose,
    mdp,
    actions,
    pi,
    solution,
    value: atStart(mdp, policyEvaluation(mdp, pi).V),
    optimum: atStart(mdp, solution.V),
  } satisfies Planner & { act: (observations: Observations) => Actions };
}

/** For each state the lowest action that is best at every step at which the state can be, else the best one at step 1. */
function timeless(mdp: TabularMdp, Q: Float64Array): Int32Array {
  const { S, A, H, P, rho } = mdp;
  const actions = greedyActions(A, Q.subarray(0, S * A));
  const always = new Uint8Array(S * A).fill(1);
  const ever = new Uint8Array(S);
  let here = Uint8Array.from(rho, (p) => (p > 0 ? 1 : 0));
  for (let h = 0; h < H; h++) {
    const there = new Uint8Array(S);
    for (let s = 0; s < S; s++) {
      if (here[s] === 0) continue;
      ever[s] = 1;
      const first = (h * S + s) * A;
      let best = Q[first];
      for (let i = first + 1; i < first + A; i++) if (Q[i] > best) best = Q[i];
      for (let a = 0; a < A; a++) if (Q[first + a] < best - TIE * Math.abs(best)) always[s * A + a] = 0;
      for (let k = P.rows[s * A]; k < P.rows[(s + 1) * A]; k++) if (P.p[k] > 0) there[P.next[k]] = 1;
    }
    here = there;
  }
  for (let s = 0; s < S; s++) {
    if (ever[s] === 0) continue;
    const a = always.subarray(s * A, (s + 1) * A).indexOf(1);
    if (a >= 0) actions[s] = a;
  }
  return actions;
}

function atStart({ rho }: TabularMdp, V: Float64Array): number {
  let sum = 0;
  for (let s = 0; s < rho.length; s++) sum += rho[s] * V[s];
  return sum;
}
