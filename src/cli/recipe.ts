import { type Algorithm, type PendingRun, type Progress, resume, type Snapshot, start } from "../algorithms/index.ts";
import type { Dataset } from "../data/index.ts";
import type { ActionSpace, Plain, Policy } from "../mdp/index.ts";
import type { Ingredients } from "./ingredients.ts";
import { type Readings, type Settings, settings } from "./settings.ts";

/** A policy that can be saved as one file. */
export type SavedPolicy = Policy & { toOnnx(about?: Readonly<Record<string, Plain>>): Uint8Array };

/** A reward that was learned on the way; most can be saved as one file. */
export interface SavedReward {
  toOnnx?(about?: Readonly<Record<string, Plain>>): Uint8Array;
}

/** A figure of a run's records: each line is one of their numbers. */
export interface Curve {
  readonly title: string;
  /** The number along the horizontal axis, and what stands there. */
  readonly x: { readonly of: string; readonly label: string };
  /** What stands at the vertical axis, units included; it may hang on what actions are. */
  readonly y: string | ((action: ActionSpace) => string);
  readonly lines: readonly { readonly of: string; readonly name: string }[];
  /** Whether the points are joined in the order of the rounds, though the horizontal axis may go back and forth. */
  readonly inOrder?: boolean;
}

/** A problem that is ready to be worked on, with what is known of it. */
interface Built<Problem> {
  readonly problem: Problem;
  /** Demonstrations that the learner doesn't learn from. */
  readonly heldOut?: Dataset;
  /** Work that has been done since the command began, in the progress's unit, the round under way included. */
  drawn?(): number;
}

/** What an algorithm is to the command line. Everything but `name` is written in one file of `algorithms/`. */
export interface RecipeParts<Problem, Options extends object, State extends object, Row extends object> {
  readonly algorithm: Algorithm<Problem, Options, State, Row, { policy: SavedPolicy }>;
  /** What the learner is called in tables: `clone`. */
  readonly learner: string;
  /** Who is asked if nobody is named; by default the environment's own expert. */
  readonly expert?: string;
  /** Whether it can maximise a reward that was learned before instead of the environment's own. */
  readonly takesReward?: true;
  /** How options are read: words to choose from, bounds. */
  readonly readings: Readings<Options>;
  /** Settings, the policy's among them, that other defaults suit better in an environment. */
  preset?(env: string | undefined): Readonly<Record<string, unknown>>;
  /** Makes the problem. It asks for what it needs and gets it, or the caller is told what is missing. */
  build(ingredients: Ingredients, options: Options): Promise<Built<Problem>>;
  /** A record in a few words, beside the progress. */
  show(row: Row): string;
  readonly curves: readonly Curve[];
  /** Transitions that have been learned from, where that is what its work is counted in. */
  transitions?(progress: Progress, options: Options, problem: Problem): number;
}

/** A recipe whose types are its own business. */
export interface Recipe {
  readonly name: string;
  readonly about: string;
  readonly learner: string;
  /** Who is asked if nobody is named, where that is not the environment's own expert. */
  readonly expert?: string;
  readonly takesReward: boolean;
  readonly settings: Settings;
  readonly curves: readonly Curve[];
  preset(env: string | undefined): Readonly<Record<string, unknown>>;
  prepare(ingredients: Ingredients, options: Readonly<Record<string, unknown>>): Promise<Prepared>;
}

/** What a run leaves behind. */
export interface Learned {
  readonly policy: SavedPolicy;
  readonly reward?: SavedReward;
}

/** A problem that is ready to be worked on. */
export interface Prepared {
  /** Demonstrations that the learner doesn't learn from. */
  readonly heldOut?: Dataset;
  /** Work that has been done since the command began, in the progress's unit, the round under way included. */
  drawn?(): number;
  start(): PendingRun<unknown, object, Learned>;
  resume(checkpoint: Uint8Array | Snapshot): PendingRun<unknown, object, Learned>;
  show(row: object): string;
  transitions(progress: Progress): number | undefined;
}

export function recipe<Problem, Options extends object, State extends object, Row extends object>(
  parts: RecipeParts<Problem, Options, State, Row>,
): Recipe {
  const { algorithm, learner, curves, expert, takesReward = false } = parts;
  const { seed: _seed, ...defaults } = algorithm.defaults as Options & { seed?: number };
  return {
    name: algorithm.name,
    about: algorithm.about,
    learner,
    curves,
    takesReward,
    ...(expert === undefined ? {} : { expert }),
    preset: (env) => parts.preset?.(env) ?? {},
    settings: settings(defaults as Options, parts.readings),
    async prepare(ingredients, given) {
      const options = given as Options;
      const { problem, ...known } = await parts.build(ingredients, options);
      return {
        ...known,
        start: () => start(algorithm, problem, options),
        resume: (checkpoint) => resume(algorithm, problem, checkpoint),
        show: (row) => parts.show(row as Row),
        transitions: (progress) => parts.transitions?.(progress, options, problem),
      };
    },
  };
}
