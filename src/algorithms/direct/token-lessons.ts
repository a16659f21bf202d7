import {
  compileAccumulated,
  type Feeds,
  gather,
  input,
  logSoftmax,
  neg,
  reshape,
  rng,
  sum,
  type Tensor,
  takeAlongAxis,
} from "../../autodiff/index.ts";
import { type PackedRows, packRows, selectSequences, type TokenSequences } from "../../data/index.ts";
import { hiddenStates, type LanguageFamily, logits, perplexity } from "../../policies/index.ts";
import type { CloningState, FineTuningOptions, FineTuningProblem } from "./behavior-cloning.ts";
import type { Lessons } from "./lessons.ts";
import { fitDefaults, optimizerFor } from "./log-loss.ts";
import { countPages, type PageTable, pageBatches, type TokenRows } from "./token-pages.ts";

/**
 * Sequences of tokens in minibatches of packed rows. A row's pairs (context, next token) share one pass of the transformer; their
 * gradients are added up over micro-batches of rows, and within one over chunks of so many logits as memory should hold.
 */
export async function tokenLessons(state: CloningState<FineTuningOptions>, problem: FineTuningProblem): Promise<Lessons> {
  const { options } = state;
  const { policy: family } = problem;
  const { held } = tokenParts(problem, options);
  const L = rowLength(family, options);
  const { perEpoch, batchAt, note } = batches(state, problem);
  const { batchSize, microBatch, clipNorm, threads } = options;
  const update = await compileAccumulated(
    {
      loss: summedLogLoss(family, L),
      params: family.params,
      optimizer: optimizerFor({ ...fitDefaults, ...options }, state.total),
      ...(clipNorm > 0 ? { clipNorm } : {}),
      dims: { L },
    },
    { threads },
  );
  const learn: Lessons["learn"] = async (learner, updates) => {
    let [loss, gradNorm, tokens] = [0, 0, 0];
    for (let k = 0; k < updates; k++) {
      const { rows, batch } = await batchAt(learner.t);
      const targets = batch.reduce((n, row) => n + learned(rows, row), 0);
      const report = await update.run(
        learner,
        microBatches(rows, batch, microBatch || batchSize, options.logits, family.frozen),
        targets,
      );
      loss += report.loss;
      gradNorm += report.gradNorm;
      tokens += batch.reduce((n, row) => n + filled(rows, row), 0);
    }
    return { loss, gradNorm, tokens };
  };
  if (!held) return { perEpoch, learn, ...note };
  const validate = async (theta: Float32Array) => {
    const { loss, accuracy } = await perplexity(family, theta, held, { length: L, threads });
    return { loss, accuracy };
  };
  return { perEpoch, learn, validate, ...note };
}

type BatchAt = (t: number) => { rows: PackedRows; batch: Uint32Array } | Promise<{ rows: PackedRows; batch: Uint32Array }>;

/** Minibatches by the number of their update: of rows in memory, in an order drawn for each epoch, or of pages. */
function batches(
  { pages, options }: CloningState<FineTuningOptions>,
  problem: FineTuningProblem,
): { perEpoch: number; batchAt: BatchAt; note: { note?: string } } {
  const { policy: family, demos } = problem;
  const L = rowLength(family, options);
  const cutNote = (cut: number, of: number) =>
    cut > 0 ? { note: `${cut} of ${of} sequences are longer than ${L} tokens and were cut into pieces` } : {};
  if ("get" in demos) {
    if (!pages) throw new RangeError("the checkpoint has no table of pages; begin the run again");
    return { ...pageBatches(family, demos, pages, { ...options, length: L }), note: cutNote(pages.cut, demos.length) };
  }
  const { training } = tokenParts(problem, options) as { training: TokenSequences };
  const rows = packedRows(family, training, options);
  const { R, perEpoch } = epochOf(rows, options);
  const order = { epoch: -1, rows: new Uint32Array(R) };
  return {
    perEpoch,
    batchAt(t) {
      const epoch = Math.floor(t / perEpoch);
      if (order.epoch !== epoch) {
        rng(options.seed).split("rows").split(epoch).permutation(R, order.rows);
        order.epoch = epoch;
      }
      const from = (t % perEpoch) * options.batchSize;
      return { rows, batch: order.rows.subarray(from, Math.min(R, from + options.batchSize)) };
    },
    note: cutNote(rows.cut, training.offsets.length - 1),
  };
}

/** Σ log 1/π_θ(y | the tokens before it) over the chosen places of packed rows: the log loss of a part, as a sum. */
function summedLogLoss(family: LanguageFamily, L: number): Tensor {
  const whole = (name: string) => input(name, ["B", L], "int32");
  const { hidden } = hiddenStates(family.config, family.weights, whole("ids"), {
    positions: whole("positions"),
    segments: whole("segments"),
  });
  const z = logits(family.weights, gather(hidden, input("at", ["M"], "int32")));
  return neg(sum(takeAlongAxis(logSoftmax(z), reshape(input("y", ["M"], "int32"), ["M"]))));
}

/** The parts of a minibatch: micro-batches of rows, and of each as many places at once as logits should stand in memory. */
function* microBatches(
  rows: PackedRows,
  batch: Uint32Array,
  size: number,
  most: number,
  frozen: Readonly<Record<string, Float32Array>>,
): Generator<Feeds> {
  const L = rows.length;
  for (let from = 0; from < batch.length; from += size) {
    const own = batch.subarray(from, from + size);
    const [ids, positions, segments] = [0, 1, 2].map(() => new Int32Array(own.length * L));
    const [at, y]: number[][] = [[], []];
    own.forEach((row, k) => {
      ids.set(rows.ids.subarray(row * L, (row + 1) * L), k * L);
      positions.set(rows.positions.subarray(row * L, (row + 1) * L), k * L);
      segments.set(rows.segments.subarray(row * L, (row + 1) * L), k * L);
      for (let t = 1; t < L; t++) {
        if (rows.learn[row * L + t] === 0) continue;
        at.push(k * L + t - 1); // the token before predicts it
        y.push(rows.ids[row * L + t]);
      }
    });
    const chunk = most > 0 ? most : at.length;
    for (let k = 0; k < at.length; k += chunk) {
      const places = { at: Int32Array.from(at.slice(k, k + chunk)), y: Int32Array.from(y.slice(k, k + chunk)) };
      yield { ids, positions, segments, ...places, ...frozen };
    }
  }
}

function learned(rows: PackedRows, row: number): number {
  let n = 0;
  for (let t = row * rows.length; t < (row + 1) * rows.length; t++) n += rows.learn[t];
  return n;
}

/** Places of a row that hold a token. */
function filled(rows: PackedRows, row: number): number {
  let n = 0;
  for (let t = row * rows.length; t < (row + 1) * rows.length; t++) if (rows.segments[t] > 0) n++;
  return n;
}

function packedRows(family: LanguageFamily, training: TokenSequences, options: FineTuningOptions): PackedRows {
  return packRows(training, rowLength(family, options), { alone: !options.packing });
}

function rowLength({ config: { context } }: LanguageFamily, { length }: FineTuningOptions): number {
  return Math.min(context, length || context);
}

function epochOf(rows: PackedRows, { batchSize }: FineTuningOptions): { R: number; perEpoch: number } {
  return { R: rows.rows, perEpoch: Math.ceil(rows.rows / batchSize) };
}

/** Updates of a run, where neither they nor the epochs are said and one epoch has fewer. */
const UPDATES = 500;

/** Updates in which all sequences are seen `epochs` times; of texts that are read in pages, what is in these. */
export async function updatesFor(
  problem: FineTuningProblem,
  options: FineTuningOptions,
): Promise<{ total: number; pages: PageTable | null }> {
  const { policy: family, demos } = problem;
  let perEpoch: number;
  let pages: PageTable | null = null;
  if ("get" in demos) {
    const paging = { ...options, length: rowLength(family, options) };
    pages = await countPages(family, demos, paging);
    perEpoch = pageBatches(family, demos, pages, paging).perEpoch;
  } else {
    if (options.updates > 0) return { total: options.updates, pages };
    const { training } = tokenParts(problem, options) as { training: TokenSequences };
    perEpoch = epochOf(packedRows(family, training, options), options).perEpoch;
  }
  return { total: options.updates || Math.ceil(options.epochs * perEpoch) || Math.max(UPDATES, perEpoch), pages };
}

/** The training and held-out sequences; the same for the same seed. */
function tokenParts(
  { demos, validation }: FineTuningProblem,
  options: FineTuningOptions,
): { training: TokenSequences | TokenRows; held?: TokenSequences } {
  if (validation) return { training: demos, held: validation };
  if ("get" in demos) return { training: demos };
  const n = demos.offsets.length - 1;
  const aside = Math.min(n - 1, Math.floor(options.validation * n));
  if (aside === 0) return { training: demos };
  const order = rng(options.seed).split("held").permutation(n);
  return {
    training: selectSequences(demos, order.subarray(aside).sort()),
    held: selectSequences(demos, order.subarray(0, aside).sort()),
  };
}

/** Throws unless the sequences are of the model's tokens. */
export function checkTokens({ demos, policy, validation }: FineTuningProblem): void {
  for (const [what, own] of [
    ["the demonstrations", demos],
    ["the held-out texts", validation],
  ] as const) {
    if (own && !("get" in own) && own.vocabulary > policy.config.vocabulary)
      throw new RangeError(
        `${what} have tokens up to ${own.vocabulary - 1}, the model's embedding has ${policy.config.vocabulary} rows; tokenise them with the model's tokenizer`,
      );
  }
}
