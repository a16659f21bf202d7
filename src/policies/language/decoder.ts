import {
  add,
  compile,
  createSession,
  type Feed,
  gather,
  input,
  inputsOf,
  less,
  logSumExp,
  matmul,
  mul,
  type Program,
  reshape,
  type Session,
  sigmoid,
  softmax,
  sub,
  type Tensor,
  toOnnx,
  where,
} from "../../autodiff/index.ts";
import { block, embed, headsOf, hiddenStates, logits, normalise, rotation, type TransformerWeights } from "../transformer.ts";
import type { TransformerConfig } from "../transformer-config.ts";
import type { LanguageFamily } from "./family.ts";
import { type HeldWeights, held } from "./weights.ts";

/** Rows of tokens under way, with the keys and values of all that came before: one more token costs one token's work. */
export interface Decoder {
  /** Reads the prompts, of any lengths; gives the logits `[B, V]` of what follows each. */
  begin(prompts: readonly Int32Array[]): Promise<Float32Array>;
  /** Appends one token to each row, none where it is -1 (the row has ended); gives the logits of the next. The array is used again by the next call. */
  append(tokens: Int32Array): Promise<Float32Array>;
}

/** What is compiled once for a family: θ is read where it stands, so the same programs serve all its parameters. */
interface Programs {
  readonly live: HeldWeights;
  readonly prefill: Promise<Program>;
  /** By the number of rows, the latest last. */
  readonly steps: Map<number, Promise<Session>>;
}

/** Numbers of rows whose programs are kept. */
const KEPT = 4;

const made = new WeakMap<LanguageFamily, Programs>();

function programsOf(family: LanguageFamily): Programs {
  let programs = made.get(family);
  if (!programs) {
    const live = held(family.weights, family.params, "theta");
    const { config } = family;
    programs = {
      live,
      prefill: compile({ outputs: prefillOutputs(config, live.weights) }),
      steps: new Map(),
    };
    made.set(family, programs);
  }
  return programs;
}

/**
 * The program of one token for B rows. A step takes half a millisecond, so its arrays go to the session as they are, without the
 * look at every one of them that `compile` has.
 */
function stepOf(family: LanguageFamily, { live, steps }: Programs, B: number): Promise<Session> {
  const step = steps.get(B) ?? createSession(toOnnx({ outputs: stepOutputs(family.config, live.weights), dims: { B } }));
  steps.delete(B);
  steps.set(B, step);
  for (const old of steps.keys()) {
    if (steps.size <= KEPT) break;
    steps.delete(old);
  }
  return step;
}

function prefillOutputs(config: TransformerConfig, w: TransformerWeights): Record<string, Tensor> {
  const ids = input("ids", ["B", "T"], "int32");
  const { hidden, layers } = hiddenStates(config, w, ids, { positions: input("positions", ["T"], "int32") });
  const outputs: Record<string, Tensor> = { logits: logits(w, gather(hidden, input("last", ["B"], "int32"))) };
  layers.forEach(({ keys, values }, i) => {
    outputs[`keys${i}`] = keys;
    outputs[`values${i}`] = values;
  });
  return outputs;
}

/**
 * One token a row at its place p: it attends to the cache's slots s < p and to itself. The cache is only read; the new keys and
 * values come out and are written into their slots outside, so nothing of the cache's size is ever copied.
 */
function stepOutputs(config: TransformerConfig, w: TransformerWeights): Record<string, Tensor> {
  const { heads: H, keyValueHeads: K, headWidth: d, width: D } = config;
  const places = reshape(input("places", ["B"], "int32"), ["B", 1]);
  const past = where(less(input("slots", ["S"], "int32"), places), 0, -1e9);
  const mask = reshape(past, ["B", 1, 1, "S"]);
  const turn = rotation(config, places);
  const outputs: Record<string, Tensor> = {};
  let layer = 0;
  const attend = (qkv: Tensor): Tensor => {
    const { q, k, v } = headsOf(config, qkv, "B", 1, turn);
    const cached = { keys: input(`keys${layer}`, ["B", K, d, "S"]), values: input(`values${layer}`, ["B", K, "S", d]) };
    outputs[`key${layer}`] = k;
    outputs[`value${layer}`] = v;
    layer++;
    const before = add(matmul(q, cached.keys), mask); // [B, K, G, S]
    // softmax over all of them in two parts: the share of the token itself is sigmoid(q k - log Σ e^before).
    const share = sigmoid(sub(matmul(q, k), logSumExp(before, -1, true))); // [B, K, G, 1]
    const mixed = matmul(softmax(before), cached.values);
    return reshape(add(mixed, mul(share, sub(v, mixed))), ["B", H * d]);
  };
  let x = reshape(embed(w, reshape(input("ids", ["B"], "int32"), ["B", 1]), places), ["B", D]);
  for (let i = 0; i < config.layers; i++) x = block(config, w.blocks[i], x, attend);
  return { logits: logits(w, normalise(config, x, w.norm)), ...outputs };
}

const numbers = ({ data }: Feed) => data as Float32Array;

/** The tensors of a tree of weights. */
function leaves(tree: object): Tensor[] {
  if ("op" in tree) return [tree as Tensor];
  return Object.values(tree).flatMap((child) => (typeof child === "object" ? leaves(child) : []));
}

/** Slots are added in pieces of this many. */
const GRID = 64;

/** A decoder for one policy of a family and rows of prompts. Throws, naming the row, on an empty prompt or one beyond the context. */
export function decoder(family: LanguageFamily, theta: Float32Array): Decoder {
  const { config } = family;
  const { vocabulary: V, context, keyValueHeads: K, headWidth: d, layers } = config;
  const programs = programsOf(family);
  const weights = { ...programs.live.feeds(theta), ...family.frozen };
  const shapes = new Map(inputsOf(leaves(programs.live.weights)).map((t) => [t.name!, t.shape as number[]]));
  const held: Record<string, Feed> = {};
  for (const [name, data] of Object.entries(weights)) held[name] = { data, dims: shapes.get(name)! };
  const layerNumbers = Array.from({ length: layers }, (_, i) => i);
  let B = 0;
  let S = 0; // slots of the cache
  let places = new Int32Array(0); // the place of each row's next token
  let cache: Record<string, Feed> = {};
  let results: Record<string, Feed> = {};
  let slots = new Int32Array(0);

  /** Room for n slots; what the first `filled` hold is kept. Keys are `[B, K, d, S]`, values `[B, K, S, d]`. */
  const grow = (n: number, filled: number, from: (name: string) => Float32Array, width: number) => {
    S = Math.min(context, Math.ceil(n / GRID) * GRID);
    const wider: Record<string, Feed> = {};
    for (const i of layerNumbers) {
      const [keys, values] = [new Float32Array(B * K * d * S), new Float32Array(B * K * S * d)];
      for (let row = 0; row < B * K * d; row++) keys.set(from(`keys${i}`).subarray(row * width, row * width + filled), row * S);
      for (let row = 0; row < B * K; row++)
        values.set(from(`values${i}`).subarray(row * width * d, (row * width + filled) * d), row * S * d);
      wider[`keys${i}`] = { data: keys, dims: [B, K, d, S] };
      wider[`values${i}`] = { data: values, dims: [B, K, S, d] };
    }
    cache = wider;
    slots = Int32Array.from({ length: S }, (_, s) => s);
  };

  return {
    async begin(prompts) {
      B = prompts.length;
      prompts.forEach((prompt, row) => {
        if (prompt.length === 0 || prompt.length > context)
          throw new RangeError(
            `prompt ${row} has ${prompt.length} tokens, expected 1 to ${context}, the context; cut its beginning`,
          );
        const odd = prompt.findIndex((id) => !(id >= 0 && id < V));
        if (odd >= 0)
          throw new RangeError(`prompt ${row} has the token ${prompt[odd]}, expected 0 to ${V - 1}; use this model's tokenizer`);
      });
      const T = Math.max(...prompts.map((prompt) => prompt.length));
      const ids = new Int32Array(B * T);
      prompts.forEach((prompt, row) => {
        ids.set(prompt, row * T);
      });
      places = Int32Array.from(prompts, (prompt) => prompt.length);
      const last = places.map((n, row) => row * T + n - 1);
      const positions = Int32Array.from({ length: T }, (_, t) => t);
      const out = (await (await programs.prefill).run({ ...weights, ids, positions, last })) as Record<string, Float32Array>;
      // Behind a shorter prompt stands what its padding gave; the mask hides it until a token of its own takes the slot.
      grow(T + 1, T, (name) => out[name], T);
      results = { logits: { data: new Float32Array(B * V), dims: [B, V] } };
      for (const i of layerNumbers) {
        results[`key${i}`] = { data: new Float32Array(B * K * d), dims: [B, K, d, 1] };
        results[`value${i}`] = { data: new Float32Array(B * K * d), dims: [B, K, 1, d] };
      }
      return out.logits;
    },

    async append(tokens) {
      const furthest = places.reduce((most, place, row) => (tokens[row] < 0 ? most : Math.max(most, place)), 0);
      if (furthest >= context)
        throw new RangeError(`a row has ${furthest} tokens already, the context has no more; begin again with less`);
      if (furthest >= S) grow(S + 1, S, (name) => numbers(cache[name]), S);
      const ids = tokens.map((token) => Math.max(0, token));
      const at = places.map((place) => Math.min(place, S - 1));
      const feeds = { ids: { data: ids, dims: [B] }, places: { data: at, dims: [B] }, slots: { data: slots, dims: [S] } };
      await (await stepOf(family, programs, B)).run({ ...held, ...cache, ...feeds }, results);
      for (const i of layerNumbers) {
        const [key, value] = [numbers(results[`key${i}`]), numbers(results[`value${i}`])];
        const [keys, values] = [numbers(cache[`keys${i}`]), numbers(cache[`values${i}`])];
        for (let row = 0; row < B * K; row++) {
          const slot = places[Math.floor(row / K)];
          if (tokens[Math.floor(row / K)] < 0) continue;
          for (let j = 0; j < d; j++) keys[(row * d + j) * S + slot] = key[row * d + j];
          values.set(value.subarray(row * d, (row + 1) * d), (row * S + slot) * d);
        }
      }
      places = places.map((place, row) => (tokens[row] < 0 ? place : place + 1));
      return numbers(results.logits);
    },
  };
}
