/** An environment of the benchmark, and how it is measured in. */
export interface Task {
  readonly env: string;
  /** What it stands among: the quick benchmark has the classic tasks only. */
  readonly group: "classic" | "robots";
  /** Trajectories of the expert that every algorithm is shown, or may ask the labels of. */
  readonly demonstrations: number;
  /** Episodes that a random policy and the expert are measured over: 0 and 1 of the scale. */
  readonly referenceEpisodes: number;
}

const classic = (env: string): Task => ({ env, group: "classic", demonstrations: 10, referenceEpisodes: 1000 });
const robot = (env: string): Task => ({ env, group: "robots", demonstrations: 5, referenceEpisodes: 100 });

/** Environments of the benchmark, in the order of its tables. */
export const tasks: readonly Task[] = [
  classic("CartPole-v1"),
  classic("Acrobot-v1"),
  classic("MountainCar-v0"),
  classic("MountainCarContinuous-v0"),
  classic("Pendulum-v1"),
  robot("Hopper-v5"),
  robot("HalfCheetah-v5"),
];

/** Algorithms of the benchmark by the names they are found by, in the order of its tables. */
export const contenders: readonly string[] = ["bc", "dagger", "gail", "airl", "iq-learn", "sqil"];

/** How each is called in tables. */
export const titles: Readonly<Record<string, string>> = {
  bc: "BC",
  dagger: "DAgger",
  gail: "GAIL",
  airl: "AIRL",
  "iq-learn": "IQ-Learn",
  sqil: "SQIL",
};

/** Independent repetitions, unless another number is asked for. */
export const seeds = { quick: 3, full: 10 } as const;
