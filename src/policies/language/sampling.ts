import type { Rng } from "../../autodiff/index.ts";

/** How the next token is drawn from its logits. */
export interface SamplingOptions {
  /** What logits are divided by; 0 for the most likely token. */
  readonly temperature?: number;
  /** Only the k most likely tokens (Fan et al. 2018); 0 for all. */
  readonly topK?: number;
  /** Only the fewest most likely tokens whose probabilities reach p together (Holtzman et al. 2020); 1 for all. */
  readonly topP?: number;
  /** Only tokens of at least this share of the most likely one's probability (Nguyen et al. 2024); 0 for all. */
  readonly minP?: number;
}

/**
 * A token drawn from softmax(z / temperature), z the logits `z[from .. from + V)`, restricted by top-k, then top-p, then min-p, each
 * to what the ones before have left. Of equal tokens the first counts as the more likely. Throws on logits that are not finite.
 */
export function drawToken(z: Float32Array, from: number, V: number, options: SamplingOptions, random: Rng): number {
  if (options.temperature === 0) return likeliest(z, from, V);
  return random.categorical(tokenWeights(z, from, V, options));
}

/** What such a token is drawn by: weights `[V]`, 1 for the most likely token, 0 for those that are left out. */
export function tokenWeights(z: Float32Array, from: number, V: number, options: SamplingOptions): Float64Array {
  const { temperature = 1, topK = 0, topP = 1, minP = 0 } = options;
  const best = likeliest(z, from, V);
  const p = new Float64Array(V);
  for (let v = 0; v < V; v++) p[v] = Math.exp((z[from + v] - z[from + best]) / temperature);
  if ((topK > 0 && topK < V) || topP < 1) restrict(p, topK, topP);
  if (minP > 0) for (let v = 0; v < V; v++) if (p[v] < minP) p[v] = 0; // the most likely token has p = 1
  return p;
}

/** Whether tokens are drawn from the model's own distribution. */
export function isPlain({ temperature = 1, topK = 0, topP = 1, minP = 0 }: SamplingOptions): boolean {
  return temperature === 1 && !isRestricted({ topK, topP, minP });
}

/** Whether some tokens may be left out. */
export function isRestricted({ topK = 0, topP = 1, minP = 0 }: SamplingOptions): boolean {
  return topK > 0 || topP < 1 || minP > 0;
}

function likeliest(z: Float32Array, from: number, V: number): number {
  let best = 0;
  for (let v = 1; v < V; v++) if (z[from + v] > z[from + best]) best = v;
  if (!Number.isFinite(z[from + best]))
    throw new RangeError(`the largest logit is ${z[from + best]}, expected a finite number; look at the weights`);
  return best;
}

/** Sets to 0 all but the k largest, and of these all but the fewest that reach a share p of their sum. */
function restrict(p: Float64Array, topK: number, topP: number): void {
  const order = Uint32Array.from(p, (_, v) => v).sort((a, b) => p[b] - p[a] || a - b);
  const k = topK > 0 ? Math.min(topK, p.length) : p.length;
  let total = 0;
  for (let i = 0; i < k; i++) total += p[order[i]];
  let kept = k;
  if (topP < 1) {
    kept = 0;
    for (let reached = 0; kept < k && reached < topP * total; kept++) reached += p[order[kept]];
  }
  for (let i = Math.max(1, kept); i < p.length; i++) p[order[i]] = 0;
}

/** Throws unless the options can be drawn by. */
export function checkSampling({ temperature = 1, topK = 0, topP = 1, minP = 0 }: SamplingOptions): void {
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw new RangeError(`temperature is 0 or a positive number, found ${temperature}`);
  if (!(Number.isInteger(topK) && topK >= 0))
    throw new RangeError(`topK is a whole number of tokens, or 0 for all, found ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`topP is above 0 and at most 1, found ${topP}`);
  if (!(minP >= 0 && minP <= 1)) throw new RangeError(`minP is from 0 to 1, found ${minP}`);
}
