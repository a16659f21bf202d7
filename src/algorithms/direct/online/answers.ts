import { type ActionColumn, type ObservationColumn, reals } from "../../../data/index.ts";
import { type Actions, describe, type Env, type Expert, misfit, type Plain, size } from "../../../mdp/index.ts";
import { ExpertError, within } from "../../expert-error.ts";

export { ExpertError, within };

/** States that were visited, and what is known of each. Plain data: a round that is under way keeps it. */
export interface Sheet {
  /** `[n, D]` */
  states: ObservationColumn;
  /** `[n, K]`: the expert's answers, as far as they are there. */
  labels: ActionColumn;
  /** `[n]`: 1 where there is a label. */
  known: Uint8Array;
  /** `[n]`: 1 where there should be one. */
  wanted: Uint8Array;
}

/** How labels are asked for. */
export interface AskOptions {
  /** States in one request; 0 for all of a round in one. */
  requestSize: number;
  /** Requests that are open at the same time; their answers may come in any order. */
  openRequests: number;
  /** Seconds after which a request counts as not answered; 0 for never. What comes later is still taken. */
  timeout: number;
}

export const askDefaults: AskOptions = { requestSize: 0, openRequests: 8, timeout: 0 };

/** How many labels are missing. */
export function missing({ known, wanted }: Sheet): number {
  let count = 0;
  for (let i = 0; i < wanted.length; i++) if (wanted[i] === 1 && known[i] === 0) count++;
  return count;
}

/** Numbers of observations that a request may hold: pictures go out by the hundred, not all at the same time. */
const AT_ONCE = 1 << 22;

/**
 * Asks for every label that is missing, a_n = π*(s_n), in requests that are answered in any order; each answer is on the
 * sheet as soon as it is there. Throws an `ExpertError`, once all requests have ended, that says which states are left over
 * and why: it threw, it took too long, it gave a wrong number of answers, or one that doesn't fit the space of actions.
 */
export async function fill(sheet: Sheet, expert: Expert, env: Env, options: AskOptions, round: number): Promise<void> {
  const D = size(env.observation);
  const n = sheet.known.length;
  const left: number[] = [];
  for (let i = 0; i < n; i++) if (sheet.wanted[i] === 1 && sheet.known[i] === 0) left.push(i);
  const most = Math.max(1, Math.floor(AT_ONCE / D));
  const each = options.requestSize > 0 ? Math.min(options.requestSize, most) : most;
  const faults: { states: number[]; message: string; cause?: unknown }[] = [];
  let at = 0;
  const requests = async () => {
    while (at < left.length) {
      const rows = left.slice(at, at + each);
      at += each;
      try {
        const question = Promise.resolve(expert.label(rowsOf(sheet.states, rows, D)));
        const answer = question.then((answers) => take(sheet, rows, answers, env));
        const fault = await within(answer, options.timeout, "has not answered");
        if (fault) faults.push(fault);
      } catch (cause) {
        const states = rows.filter((row) => sheet.known[row] === 0);
        faults.push({ states, message: `${said(cause)}, asked about ${ranges(rows)} of ${n}`, cause });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.openRequests) }, requests));
  // An answer may have come late, but before the others: what is missing now is what counts.
  const unknown = (row: number) => sheet.known[row] === 0;
  const states = left.filter(unknown);
  if (states.length === 0) return;
  const [first, ...others] = faults.filter((fault) => fault.states.some(unknown));
  const more = others.length > 0 ? ` (and ${others.length} more requests failed)` : "";
  const there = sheet.known.reduce((sum, known) => sum + known, 0);
  throw new ExpertError(
    `round ${round}: ${first.message}${more}; labels are missing for ${ranges(states)}; the other ${there} labels are kept, make the round again to ask for these alone`,
    states,
    first.cause,
  );
}

/** Puts answers on the sheet, those that fit; what is wrong with the others, if any are. */
function take(sheet: Sheet, rows: readonly number[], answers: Actions, { action }: Env) {
  const K = size(action);
  const n = sheet.known.length;
  if (answers?.length !== rows.length * K) throw new RangeError(wrongNumber(answers, rows.length, K, describe(action)));
  const states: number[] = [];
  let message = "";
  rows.forEach((row, k) => {
    if (sheet.known[row] === 1) return; // it came twice: once late
    const wrong = misfit(action, answers, k * K);
    if (wrong) {
      states.push(row);
      message ||= `the expert's label of state ${row} of ${n} does not fit ${describe(action)}: ${wrong}`;
      return;
    }
    for (let j = 0; j < K; j++) sheet.labels[row * K + j] = answers[k * K + j];
    sheet.known[row] = 1;
  });
  return states.length > 0 ? { states, message } : undefined;
}

/** Of a question at the wheel: what to say if the expert fails, or is late. */
export interface Wheel {
  /** Seconds; 0 for no limit. */
  timeout: number;
  where: string;
  /** Such as "has not acted". */
  late: string;
}

/**
 * What was said at the wheel, in order. A visit follows from its seed and from these answers; so one that was broken off
 * is made again with them, and the expert is asked only from there on. An answer that comes when its time is over is among
 * them too: the visit that is made again finds it there. Throws an `ExpertError` where the expert fails.
 */
export function hearing(heard: Plain[]) {
  let next = 0;
  return async <T extends Actions | Uint8Array>(ask: () => Promise<T>, wheel?: Wheel): Promise<T> => {
    const at = next++;
    if (at < heard.length) return heard[at] as T;
    const answer = ask().then((given) => {
      if (heard.length === at) heard.push(given.slice()); // else it was asked twice, and answered before
    });
    try {
      await (wheel ? within(answer, wheel.timeout, wheel.late) : answer);
    } catch (cause) {
      if (at < heard.length) return heard[at] as T; // asked before, and answered late
      throw !wheel || cause instanceof ExpertError ? cause : new ExpertError(`${wheel.where}: ${said(cause)}`, [], cause);
    }
    return heard[at] as T;
  };
}

/** The expert's actions in states `[n, D]` that it is about to act in, checked. Throws an `ExpertError`. */
export async function acting(
  expert: Expert,
  states: Float32Array,
  { action, observation }: Env,
  where: (row: number) => string,
): Promise<Actions> {
  const n = states.length / size(observation);
  const K = size(action);
  const answers = await expert.label(states);
  if (answers?.length !== n * K) throw new ExpertError(`${where(0)}: ${wrongNumber(answers, n, K, describe(action))}`, []);
  for (let i = 0; i < n; i++) {
    const wrong = misfit(action, answers, i * K);
    if (wrong) throw new ExpertError(`${where(i)}: the expert's action does not fit ${describe(action)}: ${wrong}`, []);
  }
  return answers;
}

/** Numbers in a few words: `states 0 to 9, 12, 20 to 29`. */
export function ranges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let j = i;
    while (numbers[j + 1] === numbers[j] + 1) j++;
    parts.push(j === i ? `${numbers[i]}` : `${numbers[i]} to ${numbers[j]}`);
    i = j + 1;
  }
  const shown = parts.length > 6 ? [...parts.slice(0, 6), `... ${parts.length - 6} more`] : parts;
  return `${numbers.length === 1 ? "state" : "states"} ${shown.join(", ")}`;
}

function wrongNumber(answers: Actions | undefined, n: number, K: number, each: string): string {
  return `the expert gave ${answers?.length ?? "no"} numbers for ${n} states, expected ${n * K} (${each} each)`;
}

function said(cause: unknown): string {
  const { message } = cause as { message?: string };
  const text = message ?? String(cause);
  return text.startsWith("the expert") ? text : `the expert failed: ${text}`;
}

function rowsOf(states: ObservationColumn, rows: readonly number[], D: number): Float32Array {
  const contiguous = rows[rows.length - 1] - rows[0] === rows.length - 1;
  if (contiguous) return reals(states, rows[0] * D, (rows[0] + rows.length) * D).slice();
  const out = new Float32Array(rows.length * D);
  rows.forEach((row, k) => {
    out.set(states.subarray(row * D, (row + 1) * D), k * D);
  });
  return out;
}
