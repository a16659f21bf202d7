import { compile, input, layout } from "../../autodiff/index.ts";
import { meanAndDeviation } from "../../data/index.ts";
import { size } from "../../mdp/index.ts";
import type { PolicyModel } from "../../policies/index.ts";
import type { Rollout } from "./collect.ts";
import type { Critic } from "./critic.ts";
import type { Columns } from "./epochs.ts";
import { type Advantages, gae } from "./gae.ts";

export interface EstimateOptions {
  /** γ, the discount. */
  gamma: number;
  /** λ of the advantages: 0 trusts the values alone, 1 the rewards alone. */
  lambda: number;
  /** Shift and scale each round's advantages to mean 0 and deviation 1. */
  normaliseAdvantages: boolean;
}

/** Makes of a rollout what the objective is computed from. */
export interface Estimator {
  /** The columns s, x, ln π_old(x | s), A, R and V of the rollout's steps; filled by `run`. */
  readonly columns: Columns;
  /** Estimates with the policy and the critic of θ, which the rollout was made with. */
  run(theta: Float32Array): Promise<Advantages>;
}

/** An estimator over the arrays of one rollout. θ holds the policy's parameters, then the critic's. */
export async function estimatorOf(
  rollout: Rollout,
  policy: PolicyModel,
  critic: Critic,
  options: EstimateOptions,
): Promise<Estimator> {
  const { T, n, seen, draws, rewards, terminated, truncated, cuts, cutSeen } = rollout;
  const N = T * n;
  const D = size(policy.observation);
  const P = layout(policy.params).size;
  const s = input("s", ["B", D]);
  const value = await compile({ outputs: { V: critic.value(s) }, params: critic.params });
  const logPi = policy.head.drawLogProb(policy.forward(s), policy.head.action("x"));
  const logProb = await compile({ outputs: { logPi }, params: policy.params });
  const values = new Float32Array(N + n);
  const columns = {
    s: seen.subarray(0, N * D),
    x: draws,
    logPi: new Float32Array(N),
    A: new Float32Array(N),
    R: new Float32Array(N),
    V: values.subarray(0, N),
  };
  return {
    columns,
    async run(theta) {
      const phi = theta.subarray(P);
      await logProb.run({ s: columns.s, x: columns.x, theta: theta.subarray(0, P) }, { logPi: columns.logPi });
      await value.run({ s: seen, theta: phi }, { V: values });
      const nextValues = values.slice(n);
      if (cuts.length > 0) {
        const last = await value.run({ s: Float32Array.from(cutSeen), theta: phi });
        cuts.forEach((step, k) => {
          nextValues[step] = last.V[k];
        });
      }
      const judged = gae({ rewards, values: columns.V, nextValues, terminated, truncated }, n, options.gamma, options.lambda);
      columns.R.set(judged.returns);
      const { mean, deviation } = options.normaliseAdvantages ? meanAndDeviation(judged.advantages) : { mean: 0, deviation: 1 };
      for (let k = 0; k < N; k++) columns.A[k] = (judged.advantages[k] - mean) / (deviation + 1e-8);
      return judged;
    },
  };
}

/** 1 − Var(R − V) / Var(R), where R − V = A; 0 if the returns don't vary. */
export function explainedVariance({ advantages, returns }: Advantages): number {
  const all = meanAndDeviation(returns).deviation;
  return all > 0 ? 1 - (meanAndDeviation(advantages).deviation / all) ** 2 : 0;
}
