import {
  argmax,
  cast,
  compile,
  equal,
  gather,
  input,
  logSoftmax,
  neg,
  type Program,
  sum,
  takeAlongAxis,
} from "../../autodiff/index.ts";
import { packRows, type TokenSequences } from "../../data/index.ts";
import { hiddenStates, logits } from "../transformer.ts";
import type { LanguageFamily } from "./family.ts";
import { type HeldWeights, held } from "./weights.ts";

export interface Perplexity {
  /** (1/N) Σ log 1/π(a | s) over the learned tokens, in nats a token. */
  readonly loss: number;
  /** e^loss */
  readonly perplexity: number;
  /** The share of tokens that are the model's most likely ones. */
  readonly accuracy: number;
  /** N */
  readonly tokens: number;
}

const programs = new WeakMap<LanguageFamily, { length: number; live: HeldWeights; program: Promise<Program> }>();

/** Numbers of logits that stand in memory at once. */
const LOGITS = 1 << 23;

/** How well a language model predicts the learned tokens of sequences, each from the tokens before it. */
export async function perplexity(
  family: LanguageFamily,
  theta: Float32Array,
  sequences: TokenSequences,
  options: { length?: number; threads?: number } = {},
): Promise<Perplexity> {
  const { context, vocabulary: V } = family.config;
  const L = Math.min(context, options.length ?? context);
  let known = programs.get(family);
  if (known?.length !== L) {
    const live = held(family.weights, family.params, "theta");
    const whole = (name: string) => input(name, ["B", L], "int32");
    const { hidden } = hiddenStates(family.config, live.weights, whole("ids"), {
      positions: whole("positions"),
      segments: whole("segments"),
    });
    const z = logits(live.weights, gather(hidden, input("at", ["M"], "int32")));
    const y = input("y", ["M"], "int32");
    const outputs = {
      nll: neg(sum(takeAlongAxis(logSoftmax(z), y))),
      matches: sum(cast(equal(argmax(z), y), "float32")),
    };
    known = { length: L, live, program: compile({ outputs }, options.threads ? { threads: options.threads } : {}) };
    programs.set(family, known);
  }
  const program = await known.program;
  const weights = { ...known.live.feeds(theta), ...family.frozen };
  const rows = packRows(sequences, L);
  const at = Math.max(1, Math.min(32, Math.floor(LOGITS / (V * L))));
  let [loss, matches] = [0, 0];
  for (let from = 0; from < rows.rows; from += at) {
    const to = Math.min(rows.rows, from + at);
    const places: number[] = [];
    for (let k = from * L; k < to * L; k++) if (rows.learn[k] === 1) places.push(k);
    const part = (column: Int32Array) => column.subarray(from * L, to * L);
    const out = await program.run({
      ...weights,
      ids: part(rows.ids),
      positions: part(rows.positions),
      segments: part(rows.segments),
      at: Int32Array.from(places, (k) => k - 1 - from * L),
      y: Int32Array.from(places, (k) => rows.ids[k]),
    });
    loss += out.nll[0];
    matches += out.matches[0];
  }
  const N = rows.targets;
  return { loss: loss / N, perplexity: Math.exp(loss / N), accuracy: matches / N, tokens: N };
}
