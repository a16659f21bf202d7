import { type ActionColumn, actionColumn, contentHash, extended, type PlainTree } from "../../../data/index.ts";
import { type Env, type FragmentChoice, type StepBatch, size, type Trajectory } from "../../../mdp/index.ts";

/** Two fragments, and what the expert said. */
export interface ComparedFragments {
  readonly first: Trajectory;
  readonly second: Trajectory;
  readonly choice: FragmentChoice;
}

/** What the expert said so far, as columns that only get longer: two fragments of k steps each, `[n, 2, k]`. Plain data. */
export interface Answered {
  s: Float32Array;
  a: ActionColumn;
  next: Float32Array;
  terminated: Uint8Array;
  /** `[n]`: 1, 0 or 0.5. Comparisons that couldn't be made are not among them. */
  choices: Float32Array;
}

export const ANSWERED = ["s", "a", "next", "terminated", "choices"] as const;

export function nothingAnswered(env: Env): Answered {
  return {
    s: new Float32Array(0),
    a: actionColumn(env.action, 0),
    next: new Float32Array(0),
    terminated: new Uint8Array(0),
    choices: new Float32Array(0),
  };
}

/** The columns with more behind them; those given stay as they are. */
export function withAnswers(answered: Answered, more: readonly ComparedFragments[]): Answered {
  return more.reduce((all, { first, second, choice }) => {
    if (choice === null) return all;
    let { s, a, next, terminated } = all;
    for (const fragment of [first, second]) {
      const k = fragment.rewards.length;
      const D = fragment.observations.length / (k + 1);
      const ends = new Uint8Array(k);
      ends[k - 1] = fragment.terminated ? 1 : 0;
      s = extended(s, fragment.observations.subarray(0, k * D));
      next = extended(next, fragment.observations.subarray(D));
      a = extended(a, fragment.actions);
      terminated = extended(terminated, ends);
    }
    return { s, a, next, terminated, choices: extended(all.choices, [choice]) };
  }, answered);
}

/** The steps of all fragments, `[2 n k]`. */
export function stepsOf({ s, a, next, terminated }: Answered): StepBatch {
  return { s, a, next, terminated };
}

/** Finds comparisons that say the opposite of another one of the same two fragments. */
export interface Contradictions {
  /** Comparisons that do, of all that have been looked at. */
  count(answered: Answered): number;
}

/** Each comparison is looked at once, however often it is counted. */
export function contradictions(env: Env, k: number): Contradictions {
  const [D, K] = [size(env.observation), size(env.action)];
  const said = new Map<string, { first: number; second: number }>();
  let seen = 0;
  let count = 0;
  return {
    count({ s, a, choices }) {
      for (; seen < choices.length; seen++) {
        const choice = choices[seen];
        if (choice === 0.5) continue;
        const key = (half: 0 | 1) => {
          const at = 2 * seen + half;
          const content = { s: s.slice(at * k * D, (at + 1) * k * D), a: a.slice(at * k * K, (at + 1) * k * K) };
          return contentHash(content as unknown as PlainTree).slice(0, 24);
        };
        const [one, two] = [key(0), key(1)];
        const pair = one < two ? `${one} ${two}` : `${two} ${one}`;
        const tally = said.get(pair) ?? { first: 0, second: 0 };
        said.set(pair, tally);
        const before = opposed(tally);
        tally[(choice === 1) === one < two ? "first" : "second"]++;
        count += opposed(tally) - before;
      }
      return count;
    },
  };
}

/** How many of the answers to one question have another against them. */
function opposed({ first, second }: { first: number; second: number }): number {
  return first > 0 && second > 0 ? first + second : 0;
}

/** Throws, naming the comparison, if fragments given beforehand don't fit. */
export function checkGiven(given: readonly ComparedFragments[], env: Env, k: number): void {
  const [D, K] = [size(env.observation), size(env.action)];
  given.forEach(({ first, second, choice }, number) => {
    for (const { rewards, observations, actions } of [first, second]) {
      const T = rewards.length;
      if (T !== k)
        throw new RangeError(
          `comparison ${number}: a fragment has ${T} steps, expected fragmentLength ${k}; cut the fragments alike, or set fragmentLength`,
        );
      if (observations.length !== (T + 1) * D || actions.length !== T * K)
        throw new RangeError(
          `comparison ${number}: a fragment has ${observations.length} and ${actions.length} numbers of observations and actions, expected ${(T + 1) * D} and ${T * K} in ${env.id}`,
        );
    }
    if (![0, 0.5, 1, null].includes(choice))
      throw new RangeError(`comparison ${number}: the choice is ${choice}, expected 1, 0, 0.5 or null`);
  });
}
