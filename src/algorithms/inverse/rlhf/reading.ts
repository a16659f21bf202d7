import { compile, type Program, type Tensor } from "../../../autodiff/index.ts";
import type { Answer } from "../../../mdp/index.ts";
import { isRestricted, type ResponseModel, type SamplingOptions } from "../../../policies/index.ts";
import type { Learned } from "./objective.ts";
import { placesOf } from "./places.ts";
import { type Kept, keptFeeds, sampledFrom } from "./sampled.ts";

/** What the distribution that is drawn from, and its critic if there is one, say of answers: one list for each, `[T]` long. */
export interface Reading {
  readonly logPi: Float32Array[];
  readonly entropies: Float32Array[];
  readonly values?: Float32Array[];
}

/** Reads answers token by token, the same ones together whenever they are read, so that the same bits come out. */
export interface Reader {
  read(theta: Float32Array, answers: readonly Answer[], kept?: readonly Kept[]): Promise<Reading>;
}

/** Answers that are read together at most. */
const TOGETHER = 64;

export function reader(model: ResponseModel, sampling: SamplingOptions, learned?: Learned): Reader {
  const programs = new Map<number, Promise<Program>>();
  const programOf = (rows: number) => {
    let program = programs.get(rows);
    if (!program) {
      const expressions = sampledFrom(model.expressions({ rows }), sampling, isRestricted(sampling));
      const { logProbs, entropies } = expressions;
      const outputs: Record<string, Tensor> = { logProbs, entropies };
      const values = learned?.values?.(expressions);
      if (values) outputs.values = values;
      program = compile({ outputs, params: values ? learned!.params : model.params });
      programs.set(rows, program);
    }
    return program;
  };
  return {
    async read(theta, answers, kept) {
      const logPi: Float32Array[] = [];
      const entropies: Float32Array[] = [];
      const values: Float32Array[] = [];
      for (let from = 0; from < answers.length; from += TOGETHER) {
        const batch = answers.slice(from, from + TOGETHER);
        const rows = Math.min(TOGETHER, 2 ** Math.ceil(Math.log2(batch.length))); // few different programs
        const feeds = model.feeds(filledUp(batch, rows));
        const own = kept && filledUp(kept.slice(from, from + TOGETHER), rows);
        const out = await (await programOf(rows)).run({ ...feeds, ...keptFeeds(feeds, own), theta });
        const places = placesOf(feeds, rows);
        batch.forEach((_, row) => {
          const list = (name: string) => Float32Array.from(places[row], (at) => out[name][at]);
          logPi.push(list("logProbs"));
          entropies.push(list("entropies"));
          if (out.values) values.push(list("values"));
        });
      }
      return { logPi, entropies, ...(values.length > 0 ? { values } : {}) };
    },
  };
}

/** The last one again and again behind some, so that there are as many as rows. */
function filledUp<X>(some: readonly X[], rows: number): X[] {
  return [...some, ...new Array<X>(rows - some.length).fill(some[some.length - 1])];
}
