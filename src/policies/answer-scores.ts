import { compile, type Program, sum } from "../autodiff/index.ts";
import type { Answer } from "../mdp/index.ts";
import type { ResponseModel, ResponsePolicy } from "./response.ts";

/** What a policy says of answers, one number each. */
export interface AnswerScores {
  /** log π(y | x) = Σ_t log π(a_t | x, a_1, ..., a_{t-1}), in nats. */
  readonly logProb: Float64Array;
  /** Σ_t H[π(· | x, a_1, ..., a_{t-1})], in nats. */
  readonly entropy: Float64Array;
  /** T, the number of actions. */
  readonly length: Float64Array;
}

const programs = new WeakMap<ResponseModel, Map<number, Promise<Program>>>();

/**
 * Scores answers in batches of at most `rows`, in the order in which they stand: the same answers in the same batches give the
 * same bits.
 */
export async function answerScores(
  { model, theta }: ResponsePolicy,
  answers: readonly Answer[],
  { rows: most = 64 }: { readonly rows?: number } = {},
): Promise<AnswerScores> {
  const n = answers.length;
  const scores = { logProb: new Float64Array(n), entropy: new Float64Array(n), length: new Float64Array(n) };
  for (let from = 0; from < n; from += most) {
    const batch = answers.slice(from, from + most);
    const rows = Math.min(most, 2 ** Math.ceil(Math.log2(batch.length))); // few different programs
    const filled = [...batch, ...new Array<Answer>(rows - batch.length).fill(batch[batch.length - 1])];
    const out = await (await programOf(model, rows)).run({ ...model.feeds(filled), theta });
    for (const name of ["logProb", "entropy", "length"] as const) {
      scores[name].set(out[name].subarray(0, batch.length), from);
    }
  }
  return scores;
}

function programOf(model: ResponseModel, rows: number): Promise<Program> {
  const known = programs.get(model) ?? new Map<number, Promise<Program>>();
  programs.set(model, known);
  let program = known.get(rows);
  if (!program) {
    const { logProbs, entropies, mask } = model.expressions({ rows });
    const outputs = { logProb: sum(logProbs, 1), entropy: sum(entropies, 1), length: sum(mask, 1) };
    program = compile({ outputs, params: model.params });
    known.set(rows, program);
  }
  return program;
}
