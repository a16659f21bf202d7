import { add, cast, constant, gather, param, reshape, slice, sum, type Tensor, zeros } from "../../autodiff/index.ts";
import type { Tagging } from "../../envs/index.ts";
import { headFor, type PolicyModel } from "../../policies/index.ts";

/** What is seen of a word: any number of texts, each a feature that is there. */
export type Sight = (word: string) => readonly string[];

/** The last `letters` letters, and whether it is capitalised or has a digit in it. */
export function ending(letters: number): Sight {
  return (word) => [word.toLowerCase().slice(-letters), `${/^[A-Z]/.test(word) ? "A" : "a"}${/\d/.test(word) ? "1" : ""}`];
}

/** The word itself, too. */
export function wholeWord(word: string): readonly string[] {
  return [word.toLowerCase(), ...ending(3)(word)];
}

/**
 * A softmax of linear scores: z = Σ_k W[f_k(word)] + U[tag before], found by look-up; without `history` the tag before is not
 * looked at. Features that no word of `taught` has are all one.
 */
export function tagger(env: Tagging, sight: Sight, taught: number, history: boolean): PolicyModel {
  const numbers = new Map<string, number>();
  const seen = env.words.map((word, t) =>
    sight(word).map((feature, k) => {
      const name = `${k} ${feature}`;
      if (!numbers.has(name) && t < taught) numbers.set(name, numbers.size + 1);
      return numbers.get(name) ?? 0;
    }),
  );
  const F = seen[0].length;
  const T = env.tags.length;
  const features = constant(Int32Array.from(seen.flat()), [env.words.length, F]);
  const W = param([numbers.size + 1, T], zeros);
  const U = param([T + 1, T], zeros);
  const column = (s: Tensor, k: number) => cast(reshape(slice(s, 1, k, k + 1), [s.shape[0]]), "int32");
  const head = headFor(env.action);
  return {
    observation: env.observation,
    action: env.action,
    params: history ? { W, U } : { W },
    head,
    scalesItself: true,
    forward(s) {
      const z = sum(gather(W, gather(features, column(s, 0))), 1);
      return history ? add(z, gather(U, column(s, 1))) : z;
    },
    description: { kind: "tagger", features: F, history },
  };
}
