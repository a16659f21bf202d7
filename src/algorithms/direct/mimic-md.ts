import { rng } from "../../autodiff/index.ts";
import { count, type Dataset, trajectoryAt } from "../../data/index.ts";
import { describe, madeOnce, mustBeCounts, type TabularMdp } from "../../mdp/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { escapeDistance, escapeFlow, escapeLowerBound, type FlowState, flowOf, flowPolicy, improveFlow } from "./escape-flow.ts";

/** Demonstrations of a deterministic expert, and how the world moves. Its rewards are not looked at. */
export interface MimicMdProblem {
  readonly demos: Dataset;
  readonly dynamics: Pick<TabularMdp, "S" | "A" | "H" | "P" | "rho" | "terminal">;
}

/** How the demonstrations are shared out, and how near to the smallest distance the search goes. */
export interface MimicMdOptions {
  /** The share of the demonstrations in D_1, whose actions are copied; the rest, D_2, is matched. */
  share: number;
  /** Steps of the convex programme a round, and at most in all. */
  inner: number;
  iterations: number;
  /** Stops when the distance is known to be within this of the smallest there is. */
  tolerance: number;
  seed: number;
}

/** Plain data. */
export interface MimicMdState {
  options: MimicMdOptions;
  /** The expert's action where D_1 has been, -1 elsewhere: `[H, S]`. */
  known: Int32Array;
  /** Shares of D_2's trajectories that have left D_1's states by step h and take a in s there: `[H, S, A]`. */
  target: Float64Array;
  flow: FlowState;
  iterations: number;
  /** The best policy found, `[H, S, A]`, and its distance. */
  pi: Float64Array;
  distance: number;
  /** No policy has a smaller distance than this. */
  lowest: number;
}

/** How near a round came to the demonstrations that are matched. */
export interface MimicMdRecord {
  iterations: number;
  /** Σ_h Σ_{s,a} |Pr_π[T_h(s, a)] - D_2's share of it|: what is minimised, for the best policy so far. */
  distance: number;
  /** ... and a lower bound on it. */
  lowest: number;
}

/**
 * Mimic-MD (Rajaraman, Yang, Jiao & Ramchandran 2020, Alg. 2): imitation with known dynamics. Where D_1 has been the expert's
 * action is copied, so everything that happens before a trajectory leaves those states is known exactly; of what happens
 * after, D_2 gives an estimate, and the policy is the one that agrees with it best:
 *
 *     π̂ = argmin_{π : π = π* on D_1} Σ_h Σ_{s,a} | Pr_π[T_h(s, a)] - (1/|D_2|) Σ_{τ ∈ D_2} 1{τ ∈ T_h(s, a)} |
 *     T_h(s, a) = trajectories that take a in s at step h and have been, by then, in a state that D_1 has not
 *
 * The minimum is over all policies with D_1's actions, stochastic ones too: then it is a linear programme over the flow
 * Pr_π[T_h(s, a)] (Rajaraman et al. 2021), solved here by a primal-dual method that also says how far from the smallest
 * distance it can be at most. Where the flow never goes the policy is uniform. Throws if there are fewer than two
 * demonstrations, if they are not of these sizes, if two of them show different actions in one state at one step, or if one
 * takes a step that the dynamics don't allow.
 * @formula mimic-md
 */
export const mimicMd: Algorithm<MimicMdProblem, MimicMdOptions, MimicMdState, MimicMdRecord, { pi: Float64Array }> = {
  name: "mimic-md",
  about: "copies the expert where it was seen and matches where it goes, for known dynamics",
  needs: ["demos", "dynamics"],
  defaults: { share: 0.5, inner: 500, iterations: 20_000, tolerance: 1e-3, seed: 0 },

  async init({ demos, dynamics }, options) {
    check(demos, dynamics, options);
    const n = count(demos);
    const order = rng(options.seed).split("mimic-md").permutation(n);
    const first = Math.min(n - 1, Math.max(1, Math.round(options.share * n)));
    const known = actionsOf(demos, order.subarray(0, first), dynamics);
    const target = escapes(demos, order.subarray(first), known, dynamics);
    const program = escapeFlow(dynamics, known, target);
    const flow = flowOf(program);
    const pi = flowPolicy(program, flow);
    const lowest = escapeLowerBound(program, flow);
    return { options, known, target, flow, iterations: 0, pi, distance: escapeDistance(program, pi), lowest };
  },

  async iterate(state, { dynamics }) {
    const { inner, iterations } = state.options;
    const program = programOf(state, dynamics);
    const steps = Math.min(inner, iterations - state.iterations);
    const means = improveFlow(program, state.flow, steps);
    state.iterations += steps;
    for (const flow of [state.flow, means]) {
      const pi = flowPolicy(program, flow);
      const distance = escapeDistance(program, pi);
      if (distance < state.distance) Object.assign(state, { pi, distance });
      state.lowest = Math.max(state.lowest, escapeLowerBound(program, flow));
    }
    return { iterations: state.iterations, distance: state.distance, lowest: state.lowest };
  },

  done: ({ options, iterations, distance, lowest }) => iterations >= options.iterations || distance - lowest <= options.tolerance,
  progress: ({ options, iterations }) => ({ done: iterations, total: options.iterations, unit: "iterations" }),
  result: async (state) => ({ pi: state.pi.slice() }),
};

/** Made from the state again after a resumption. */
const programOf = madeOnce(({ known, target }: MimicMdState, dynamics: MimicMdProblem["dynamics"]) =>
  escapeFlow(dynamics, known, target),
);

/** The steps (h, s, a) of trajectory i; one that has ended stays where it ended until H, and does 0 there. */
function walk(demos: Dataset, i: number, H: number, visit: (h: number, s: number, a: number) => void): void {
  const { observations, actions, rewards, terminated } = trajectoryAt(demos, i);
  const T = rewards.length;
  for (let h = 0; h < T; h++) visit(h, observations[h], actions[h]);
  if (terminated) for (let h = T; h < H; h++) visit(h, observations[T], 0);
}

/** The expert's action for every step and state of some trajectories, -1 elsewhere: `[H, S]`. */
function actionsOf(demos: Dataset, which: Uint32Array, { S, H }: MimicMdProblem["dynamics"]): Int32Array {
  const known = new Int32Array(H * S).fill(-1);
  for (const i of which) {
    walk(demos, i, H, (h, s, a) => {
      known[h * S + s] = a;
    });
  }
  return known;
}

/** (1/|D_2|) Σ_{τ ∈ D_2} 1{τ ∈ T_h(s, a)}, `[H, S, A]`. */
function escapes(demos: Dataset, which: Uint32Array, known: Int32Array, { S, A, H }: MimicMdProblem["dynamics"]): Float64Array {
  const target = new Float64Array(H * S * A);
  for (const i of which) {
    let escaped = false;
    walk(demos, i, H, (h, s, a) => {
      escaped ||= known[h * S + s] < 0;
      if (escaped) target[(h * S + s) * A + a] += 1 / which.length;
    });
  }
  return target;
}

function check(
  demos: Dataset,
  { S, A, H, P, rho }: MimicMdProblem["dynamics"],
  { share, inner, iterations }: MimicMdOptions,
): void {
  const { observationSpace, actionSpace } = demos;
  if (describe(observationSpace) !== `discrete(${S})` || describe(actionSpace) !== `discrete(${A})`) {
    throw new TypeError(
      `the demonstrations are ${describe(observationSpace)} -> ${describe(actionSpace)}, the dynamics have ${S} states and ${A} actions`,
    );
  }
  if (H === Infinity) throw new RangeError("Mimic-MD needs a finite horizon H, found none");
  if (count(demos) < 2) throw new RangeError("Mimic-MD splits the demonstrations in two, found only one; record at least 2");
  if (!(share > 0 && share < 1)) throw new RangeError(`share is ${share}, expected a share between 0 and 1`);
  mustBeCounts({ inner, iterations });
  const seen = new Int32Array(H * S).fill(-1);
  for (let i = 0; i < count(demos); i++) {
    const { observations, actions, rewards } = trajectoryAt(demos, i);
    if (rewards.length > H) throw new RangeError(`trajectory ${i} has ${rewards.length} steps, expected at most H = ${H}`);
    if (!(rho[observations[0]] > 0))
      throw new RangeError(`trajectory ${i} starts in state ${observations[0]}, where none starts`);
    for (let h = 0; h < rewards.length; h++) {
      const [s, a, next] = [observations[h], actions[h], observations[h + 1]];
      const before = seen[h * S + s];
      if (before >= 0 && before !== a) {
        throw new RangeError(
          `trajectory ${i} takes action ${a} in state ${s} at step ${h + 1}, an earlier one takes ${before}: Mimic-MD is for deterministic experts`,
        );
      }
      seen[h * S + s] = a;
      let possible = false;
      for (let k = P.rows[s * A + a]; k < P.rows[s * A + a + 1]; k++) possible ||= P.next[k] === next && P.p[k] > 0;
      if (!possible) {
        throw new RangeError(
          `trajectory ${i} goes from state ${s} by action ${a} to state ${next} at step ${h + 1}: the dynamics don't allow it`,
        );
      }
    }
  }
}
