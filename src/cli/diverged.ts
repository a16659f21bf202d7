import type { ActionSpace } from "../mdp/index.ts";
import { short } from "./terminal.ts";

/** What is known of a run beside its records. */
interface About {
  readonly options: Readonly<Record<string, unknown>>;
  /** Of a run in a world. */
  readonly action?: ActionSpace;
  /** Of a policy of real actions, how its spread is made. */
  readonly scale?: unknown;
}

/**
 * Whose loss falls where all is well, and what it is held against. Of the others nothing can be said: an adversary's loss rises
 * because the other one learns, and a return is no loss. DAgger's data are harder in every round, so that only what a guess loses
 * tells anything.
 */
const AGAINST: Readonly<Record<string, { readonly first: boolean; readonly guess: boolean }>> = {
  bc: { first: true, guess: true },
  dagger: { first: false, guess: true },
  sft: { first: true, guess: false },
  dpo: { first: true, guess: false },
  "reward-model": { first: true, guess: false },
};

/** By how much a loss has to be above another to be clearly above it: a share of its size, and nats where it is small. */
const CLEARLY = { share: 0.5, nats: 0.1 };
/** The share of the records, the last ones, whose mean counts as the end. */
const LAST = 0.2;

/** That a run's training loss, finite as it is, ended clearly above where it began, and what to change; nothing where it didn't. */
export function divergence(algorithm: string, records: readonly object[], about: About): string | undefined {
  if (!Object.hasOwn(AGAINST, algorithm)) return undefined;
  const against = AGAINST[algorithm];
  const losses = records.flatMap(({ loss }: { loss?: unknown }) => (typeof loss === "number" ? [loss] : []));
  if (losses.length === 0) return undefined;
  const last = losses.slice(-Math.ceil(LAST * losses.length));
  const ended = last.reduce((sum, loss) => sum + loss / last.length, 0);
  const guess = against.guess ? lossOfGuess(about) : undefined;
  const above = (level: number) => ended > level + CLEARLY.share * Math.abs(level) + CLEARLY.nats;
  const found =
    against.first && losses.length > 1 && above(losses[0])
      ? `clearly above ${short(losses[0])}, where it began`
      : guess !== undefined && above(guess)
        ? `clearly above ${short(guess)}, which a guess loses`
        : undefined;
  if (found === undefined) return undefined;
  return `the training loss ended at ${short(ended)}, ${found}: its steps were too large; begin again with a lower learningRate (--set learningRate=N, now ${about.options.learningRate})`;
}

/**
 * The log loss of actions drawn uniformly, in nats; unknown where actions have no bounds, a policy's spread is not its own to
 * learn, or the loss has another part.
 */
function lossOfGuess({ action, scale, options }: About): number | undefined {
  if (action === undefined || options.l2 !== 0 || options.classWeights !== "none") return undefined;
  if (action.kind === "discrete") return Math.log(action.n);
  if (action.kind === "multi-discrete") return action.ns.reduce((sum, n) => sum + Math.log(n), 0);
  const loss = action.low.reduce((sum, low, k) => sum + Math.log(action.high[k] - low), 0);
  return Number.isFinite(loss) && scale !== "constant" ? loss : undefined;
}
