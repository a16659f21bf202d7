import { type Actions, type ActOptions, discrete, multiDiscrete, type Observations, type Policy } from "../../mdp/index.ts";
import { decoder } from "./decoder.ts";
import type { LanguageFamily } from "./family.ts";
import { checkSampling, drawToken, type SamplingOptions } from "./sampling.ts";

/**
 * A language model as a policy of a world whose observations are texts under way: the number of tokens, then the tokens, then zeros,
 * `room` in all. Each step reads the whole text anew; to write much at once, let the model generate. A draw without a generator
 * throws a TypeError.
 */
export function tokenPolicy(family: LanguageFamily, theta: Float32Array, room: number, sampling: SamplingOptions = {}): Policy {
  checkSampling(sampling);
  const { vocabulary: V } = family.config;
  const D = room + 1;
  return {
    observation: multiDiscrete([room + 1, ...new Array<number>(room).fill(V)]),
    action: discrete(V),
    async act(observations: Observations, options: ActOptions = {}): Promise<Actions> {
      const n = observations.length / D;
      const { rng, deterministic } = options;
      if (!deterministic && !rng) throw new TypeError("a draw needs a generator; pass { rng }, or { deterministic: true }");
      const texts = Array.from({ length: n }, (_, i) => {
        const from = i * D;
        return Int32Array.from(observations.subarray(from + 1, from + 1 + observations[from]));
      });
      const z = await decoder(family, theta).begin(texts);
      const drawn = deterministic ? { temperature: 0 } : sampling;
      return Int32Array.from(texts, (_, i) => drawToken(z, i * V, V, drawn, (Array.isArray(rng) ? rng[i] : rng) ?? NEVER));
    },
  };
}

/** No token is drawn at temperature 0. */
const NEVER = undefined as never;
