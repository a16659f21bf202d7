/**
 * An algorithm is two functions over a plain state. Everything that the next round depends on is in the state (parameters,
 * optimizer moments, generators, cursors, the resolved options), so that one codec saves every algorithm and a resumed run
 * equals an uninterrupted one bit for bit.
 */
export interface Algorithm<Problem, Options extends object, State extends object, Row extends object, Result> {
  /** The name it is found by: `bc`. */
  readonly name: string;
  /** One line for lists. */
  readonly about: string;
  /** The parts that its problem can't do without, by their names: `env`, `demos`. Whoever starts it is told which is missing. */
  readonly needs?: readonly string[];
  /** Every option with its default, which also says its type. */
  readonly defaults: Options;
  /** Throws on options that can't be, whatever the problem: what can be refused before any data are read. */
  check?(options: Options): void;
  /** The state before the first round. Throws if problem and options don't fit together. */
  init(problem: Problem, options: Options): Promise<State>;
  /** One round of the paper's outer loop: advances the state in place and says what happened. */
  iterate(state: State, problem: Problem): Promise<Row>;
  /** Whether there is nothing left to do. */
  done(state: State): boolean;
  /** How far it is, in its own unit of work, for a progress bar. */
  progress(state: State): Progress;
  /** What has been learned so far. */
  result(state: State, problem: Problem): Promise<Result>;
  /**
   * Arrays of the state that only ever get longer, by their paths (`data/actions`): what stands in them is never changed. So a
   * checkpoint on a disk adds what is new to a file, instead of writing everything again.
   */
  readonly grows?: readonly string[];
  /**
   * What the round under way is waiting for, in a few words, if it is somebody outside, such as a person. An algorithm that
   * has this keeps its state whole all through a round: it may be saved in the middle, and nothing that was answered is lost.
   */
  waiting?(state: State): string | undefined;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  /** What is counted: `updates`, `labels`, `steps`. */
  readonly unit: string;
}
