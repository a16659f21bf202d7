import type { Rng } from "../autodiff/index.ts";
import { type Actions, type ActOptions, describe, type Observations, type Policy, sameKind, size } from "../mdp/index.ts";
import { actionArray } from "./head.ts";
import type { NeuralPolicy } from "./neural.ts";
import { requireRng } from "./onnx-policy.ts";
import { putRows, rowsWhere, takeRows } from "./rows.ts";

/**
 * π = Σ_j w_j π_j / Σ_j w_j: at every step one of the members is drawn, and acts. Its most likely action is that of the mixed
 * probabilities; for real actions the mean of the members' own. Throws unless there is one weight ≥ 0 a member, with a
 * positive sum, and all act in the same spaces.
 */
export function mixturePolicy(members: readonly NeuralPolicy[], weights: ArrayLike<number>): Policy {
  const total = Array.from(weights).reduce((sum, w) => sum + w, 0);
  if (members.length === 0 || weights.length !== members.length || !(total > 0) || Array.from(weights).some((w) => !(w >= 0))) {
    throw new RangeError(
      `a mixture takes a weight >= 0 for each member, with a positive sum; found ${weights.length} weights of sum ${total} for ${members.length} members`,
    );
  }
  const [{ observation, action }] = members;
  const odd = members.findIndex((member) => !sameKind(member.observation, observation) || !sameKind(member.action, action));
  if (odd >= 0) {
    throw new TypeError(
      `member ${odd} of the mixture is ${describe(members[odd].observation)} -> ${describe(members[odd].action)}, member 0 is ${describe(observation)} -> ${describe(action)}`,
    );
  }
  const D = size(observation);
  const K = size(action);

  /** Each row's member is drawn, and asked together with the rows that drew the same one. */
  async function draw(s: Observations, options: ActOptions): Promise<Actions> {
    const random = requireRng(options.rng);
    const n = s.length / D;
    const chosen = Int32Array.from({ length: n }, (_, row) => random(row).categorical(weights));
    const actions = actionArray(action, n);
    for (const j of new Set(chosen)) {
      const rows = rowsWhere(n, (row) => chosen[row] === j);
      const said = await members[j].act(takeRows(s, rows, D), { rng: rows.map((row): Rng => random(row)) });
      putRows(actions, rows, said, K);
    }
    return actions;
  }

  async function mostLikely(s: Observations): Promise<Actions> {
    const n = s.length / D;
    const actions = actionArray(action, n);
    if (action.kind === "box") {
      const sums = new Float64Array(actions.length);
      for (const [j, member] of members.entries()) {
        if (weights[j] === 0) continue;
        const mode = await member.act(s, { deterministic: true });
        for (let k = 0; k < sums.length; k++) sums[k] += (weights[j] / total) * mode[k];
      }
      actions.set(sums);
      return actions;
    }
    const ns = action.kind === "discrete" ? [action.n] : action.ns;
    const width = ns.reduce((a, b) => a + b, 0);
    const mixed = new Float64Array(n * width);
    for (const [j, member] of members.entries()) {
      if (weights[j] === 0) continue;
      const { logits } = await member.distribution(s);
      eachChoice(ns, n, (from, count) => addSoftmax(mixed, logits, from, count, weights[j]));
    }
    let k = 0;
    eachChoice(ns, n, (from, count) => {
      let best = 0;
      for (let i = 1; i < count; i++) if (mixed[from + i] > mixed[from + best]) best = i;
      actions[k++] = best;
    });
    return actions;
  }

  return {
    observation,
    action,
    act: (s, options = {}) => (options.deterministic ? mostLikely(s) : draw(s, options)),
  };
}

/** Where the numbers of each choice of each of n rows begin, and how many they are. */
function eachChoice(ns: readonly number[], n: number, visit: (from: number, count: number) => void): void {
  for (let row = 0, from = 0; row < n; row++) {
    for (const count of ns) {
      visit(from, count);
      from += count;
    }
  }
}

function addSoftmax(into: Float64Array, logits: Float32Array, from: number, count: number, weight: number): void {
  let top = -Infinity;
  for (let i = from; i < from + count; i++) top = Math.max(top, logits[i]);
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += Math.exp(logits[i] - top);
  for (let i = from; i < from + count; i++) into[i] += (weight * Math.exp(logits[i] - top)) / sum;
}
