import { rng } from "../../../autodiff/index.ts";
import { actionColumn, allPairs, count, type Dataset, type Pairs, pairCount, split } from "../../../data/index.ts";
import { describe, type Env, type StepBatch, sameKind, size } from "../../../mdp/index.ts";
import { stepsAbsorbed } from "../../../rewards/index.ts";

/** The expert's steps as columns, and how many more it would have spent in the absorbing state. */
export interface ExpertSteps extends StepBatch {
  readonly absorbed: number;
}

/** The demonstrations that are trained on, and those held out: a share of the trajectories, where there are enough. */
export function demonstrationParts(
  demos: Dataset | Pairs,
  { validation, seed }: { readonly validation: number; readonly seed: number },
): { training: Dataset | Pairs; held?: Dataset } {
  if (!("offsets" in demos) || Math.floor(validation * count(demos)) === 0) return { training: demos };
  const { train: training, validation: held } = split(demos, { validation, seed });
  return { training, held };
}

/** How demonstrations become steps. */
export interface Showing {
  readonly gamma: number;
  readonly maxSteps: number;
  /** Only each k-th step of a trajectory. */
  readonly every: number;
  readonly seed: number;
}

/** The steps of demonstrations. Pairs don't say where a step led: their `next` is s itself, and nothing is known to have ended. */
export function expertSteps(demos: Dataset | Pairs, { gamma, maxSteps, every, seed }: Showing): ExpertSteps {
  if (!("offsets" in demos)) {
    const { s, a } = allPairs(demos);
    return { s, a, next: s, terminated: new Uint8Array(pairCount(demos)), absorbed: 0 };
  }
  const D = size(demos.observationSpace);
  const K = size(demos.actionSpace);
  const random = rng(seed).split("every");
  const shown: { step: number; row: number; ended: boolean }[] = [];
  let absorbed = 0;
  for (let i = 0; i < count(demos); i++) {
    const [from, to] = [demos.offsets[i], demos.offsets[i + 1]];
    const first = every > 1 ? random.integer(Math.min(every, to - from)) : 0;
    const ends = demos.terminated[i] === 1;
    for (let step = from + first; step < to; step += every) shown.push({ step, row: step + i, ended: ends && step === to - 1 });
    if (ends) absorbed += stepsAbsorbed(to - from, { gamma, maxSteps }) / every;
  }
  const s = new Float32Array(shown.length * D);
  const next = new Float32Array(shown.length * D);
  const a = actionColumn(demos.actionSpace, shown.length);
  const terminated = Uint8Array.from(shown, ({ ended }) => (ended ? 1 : 0));
  const { observations, actions } = demos;
  shown.forEach(({ step, row }, k) => {
    for (let d = 0; d < D; d++) {
      s[k * D + d] = observations[row * D + d];
      next[k * D + d] = observations[(row + 1) * D + d];
    }
    for (let j = 0; j < K; j++) a[k * K + j] = actions[step * K + j];
  });
  return { s, a, next, terminated, absorbed };
}

/** Throws, with what was found and what to do, unless the demonstrations are of the environment and say what is asked of them. */
export function checkDemonstrations(env: Env, demos: Dataset | Pairs, asks: { readonly next: boolean }): void {
  const origin =
    "offsets" in demos && demos.metadata.env !== undefined && demos.metadata.env !== env.id ? ` of ${demos.metadata.env}` : "";
  if (!sameKind(demos.observationSpace, env.observation) || !sameKind(demos.actionSpace, env.action)) {
    throw new TypeError(
      `the demonstrations${origin} are ${describe(demos.observationSpace)} -> ${describe(demos.actionSpace)}, ${env.id} is ` +
        `${describe(env.observation)} -> ${describe(env.action)}; record demonstrations in ${env.id}`,
    );
  }
  if (pairCount(demos) === 0) throw new RangeError("the demonstrations have no steps; record at least one episode");
  if (asks.next && !("offsets" in demos)) {
    throw new TypeError(
      "the reward needs to know where each step led, and pairs (s, a) don't say; give whole trajectories, or a reward over s or sa without shaping and absorbing state",
    );
  }
}
