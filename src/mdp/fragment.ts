import type { Choice } from "./preference.ts";
import type { Trajectory } from "./trajectory.ts";

/** Two fragments of trajectories, before anybody chose. What stands in their `rewards` is for experts that are made of them. */
export interface FragmentComparison {
  /** The how manieth question it is, from 0: an expert that answers by chance draws from the stream of this number. */
  readonly number: number;
  readonly first: Trajectory;
  readonly second: Trajectory;
}

/** 1 for the first, 0 for the second, 0.5 where both are as good, `null` where they can't be compared. */
export type FragmentChoice = Choice | null;

/** Anything that says which of two fragments is better, for a batch: a scorer, a person. The answer may take minutes. */
export interface FragmentExpert {
  compare(comparisons: readonly FragmentComparison[]): readonly FragmentChoice[] | Promise<readonly FragmentChoice[]>;
}
