import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "../mdp/index.ts";

/** A prompt and a response as texts. */
export interface TextAnswer {
  readonly prompt: string;
  readonly response: string;
}

export interface EndpointOptions {
  /** Seconds until a request counts as lost. */
  readonly timeout?: number;
  /** How often a request that failed is made again, after pauses of 1, 2, 4, ... times `patience` seconds. */
  readonly retries?: number;
  readonly patience?: number;
  /** Answers in one request. */
  readonly batch?: number;
  /** Further headers, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A day, in seconds. */
const LONGEST = 86_400;

/** What makes no sense to ask again: the server understood and answered badly. */
class Refused extends Error {}

/** The server answered that it can't, for now. */
class Busy extends Error {}

/**
 * A reward on the other side of the network: POST {"items": [{"prompt", "response"}, ...]}, answered by {"scores": [number, ...]} in
 * the same order. A request that is lost, takes too long, or meets a status of 429 or 5xx is made again. Throws with the address, what
 * came, and how often it was tried; on another status, on numbers that are none, and on too few or too many of them at once. Throws
 * right away on what is no address, and on options that can't be.
 */
export function rewardEndpoint(
  url: string,
  texts: (answer: Answer) => TextAnswer,
  options: EndpointOptions = {},
): (answers: readonly Answer[]) => Promise<Float64Array> {
  const { timeout = 30, retries = 3, patience = 1, batch = 64, headers = {} } = options;
  if (!URL.canParse(url)) throw new TypeError(`${url}: expected an address such as http://localhost:8000/score`);
  if (!(timeout > 0 && timeout <= LONGEST)) {
    throw new RangeError(`timeout is ${timeout}, expected seconds, more than 0 and at most ${LONGEST}`);
  }
  for (const [name, value, least] of [
    ["retries", retries, 0],
    ["batch", batch, 1],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least)) {
      throw new RangeError(`${name} is ${value}, expected a whole number from ${least} on`);
    }
  }
  const once = async (items: readonly TextAnswer[]): Promise<number[]> => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ items }),
      signal: AbortSignal.timeout(1000 * timeout),
    });
    const { status } = response;
    if (status === 429 || status >= 500) throw new Busy(`it answered with status ${status}`);
    if (!response.ok) throw new Refused(`it answered with status ${status}, expected 200`);
    return scoresOf(await response.text(), items.length);
  };
  const asked = async (items: readonly TextAnswer[]): Promise<number[]> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(items);
      } catch (error) {
        const what = reason(error as Error, timeout);
        if (error instanceof Refused) throw new Error(`${url}: ${what}`, { cause: error });
        if (attempt > retries) {
          const asking = error instanceof Busy ? "" : ", is the server running?"; // it is, if it answered
          throw new Error(`${url}: ${what}; tried ${attempt} ${attempt === 1 ? "time" : "times"}${asking}`, { cause: error });
        }
        await pause(1000 * patience * 2 ** (attempt - 1));
      }
    }
  };
  return async (answers) => {
    const r = new Float64Array(answers.length);
    for (let from = 0; from < answers.length; from += batch) {
      r.set(await asked(answers.slice(from, from + batch).map(texts)), from);
    }
    return r;
  };
}

function scoresOf(text: string, n: number): number[] {
  let scores: unknown;
  try {
    ({ scores } = JSON.parse(text) as { scores?: unknown });
  } catch {
    throw new Refused(`it answered ${shown(text)}, which is not JSON, expected {"scores": [...]}`);
  }
  if (!Array.isArray(scores)) throw new Refused(`it answered ${shown(text)}, expected {"scores": [...]}`);
  if (scores.length !== n)
    throw new Refused(`it gave ${scores.length} of the ${n} scores that were asked for, expected one each`);
  const odd = scores.findIndex((value) => typeof value !== "number" || !Number.isFinite(value));
  if (odd >= 0) throw new Refused(`score ${odd + 1} of ${n} is ${JSON.stringify(scores[odd])}, expected a finite number`);
  return scores;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

function reason(error: Error, timeout: number): string {
  if (error.name === "TimeoutError") return `no answer within ${timeout} s`;
  const { cause } = error as { cause?: { code?: string; message?: string } };
  if (error.message === "fetch failed") return `it can't be reached (${cause?.code ?? cause?.message ?? "no connection"})`;
  if (error.message === "terminated") return "it closed the connection in the middle of its answer";
  return error.message;
}
