import { compile, type Program, type Tensor } from "../../../autodiff/index.ts";
import type { Answer } from "../../../mdp/index.ts";
import type { ResponseFeeds, ResponseModel } from "../../../policies/index.ts";
import type { Learned } from "./objective.ts";

/** What a policy, and its critic if it has one, say of answers: one list for each, `[T]` long. */
export interface Reading {
  readonly logPi: Float32Array[];
  readonly entropies: Float32Array[];
  readonly values?: Float32Array[];
}

/** Reads answers token by token, the same ones together whenever they are read, so that the same bits come out. */
export interface Reader {
  read(theta: Float32Array, answers: readonly Answer[]): Promise<Reading>;
}

/** Answers that are read together at most. */
const TOGETHER = 64;

export function reader(model: ResponseModel, learned?: Learned): Reader {
  const programs = new Map<number, Promise<Program>>();
  const programOf = (rows: number) => {
    let program = programs.get(rows);
    if (!program) {
      const expressions = model.expressions({ rows });
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
    async read(theta, answers) {
      const logPi: Float32Array[] = [];
      const entropies: Float32Array[] = [];
      const values: Float32Array[] = [];
      for (let from = 0; from < answers.length; from += TOGETHER) {
        const batch = answers.slice(from, from + TOGETHER);
        const rows = Math.min(TOGETHER, 2 ** Math.ceil(Math.log2(batch.length))); // few different programs
        const filled = [...batch, ...new Array<Answer>(rows - batch.length).fill(batch[batch.length - 1])];
        const feeds = model.feeds(filled);
        const out = await (await programOf(rows)).run({ ...feeds, theta });
        const places = placesOf(feeds, rows);
        batch.forEach((_, row) => {
          const own = (name: string) => Float32Array.from(places[row], (at) => out[name][at]);
          logPi.push(own("logProbs"));
          entropies.push(own("entropies"));
          if (out.values) values.push(own("values"));
        });
      }
      return { logPi, entropies, ...(values.length > 0 ? { values } : {}) };
    },
  };
}

/** Where each row's actions stand in a grid `[R, T]`: where its mask is 1. */
export function placesOf({ mask }: ResponseFeeds, rows: number): number[][] {
  const T = mask.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const places: number[] = [];
    for (let at = row * T; at < (row + 1) * T; at++) if (mask[at] === 1) places.push(at);
    return places;
  });
}

/** Lists `[T]`, one for each row, in a grid `[R, T]` with zeros elsewhere. */
export function gridOf(feeds: ResponseFeeds, lists: readonly Float32Array[]): Float32Array {
  const grid = new Float32Array(feeds.mask.length);
  placesOf(feeds, lists.length).forEach((places, row) => {
    places.forEach((at, t) => {
      grid[at] = lists[row][t];
    });
  });
  return grid;
}
