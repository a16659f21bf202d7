import { layout, type ParamTree } from "../../../autodiff/index.ts";
import { meanOf } from "../../../data/index.ts";
import type { Env, StepBatch } from "../../../mdp/index.ts";
import { addAbsorbing, cautious, needsNext, rewardOfLogit, type StepNetwork, stepNetwork } from "../../../rewards/index.ts";
import type { AdversarialProblem, AdversarialState } from "../adversarial-irl.ts";
import { type Compared, comparison } from "./comparison.ts";
import { demonstrationParts, expertSteps } from "./demonstrations.ts";
import { compileDiscriminator, compileValues } from "./discriminator.ts";
import { drawing } from "./drawing.ts";
import { policyNormal, seen } from "./normal.ts";
import type { AdversarialOptions } from "./options.ts";
import { staggered } from "./staggered.ts";
import { compilePolicy } from "./warm-start.ts";

/** What is made once for a run and can be made again from its state: the world, compiled programs, buffers. */
export interface Workshop {
  readonly env: Env;
  /** Updates of the discriminator; means over them. */
  train(state: AdversarialState, steps: StepBatch): Promise<Trained>;
  /** The rewards of a round's steps, `[N]`. */
  judge(state: AdversarialState, steps: StepBatch): Promise<Float64Array>;
  /** How far the learner is from the expert, without a reward. */
  compare(state: AdversarialState, steps: StepBatch): Promise<Compared>;
}

export interface Trained {
  discriminatorLoss: number;
  discriminatorEntropy: number;
  discriminatorGradNorm: number;
  expertAccuracy: number;
  learnerAccuracy: number;
}

export async function makeWorkshop(
  state: AdversarialState,
  { env, demos, policy }: AdversarialProblem,
  policyAware: boolean,
): Promise<Workshop> {
  const { options } = state;
  const { training, held } = demonstrationParts(demos, options);
  const showing = { ...options, maxSteps: env.maxSteps };
  const expert = expertSteps(training, showing);
  const network = discriminatorOf(env, options);
  const update = await compileDiscriminator(network, options, policyAware);
  const values = await compileValues(network);
  const pi = await compilePolicy(policy);
  const P = layout(policy.params).size;
  const rows = drawing(state, env, network.encoding, expert, policyAware);

  /** log π(a | s) and the most likely action of rows of raw observations. */
  const asked = async (own: AdversarialState, s: Float32Array, a: Int32Array | Float32Array) => {
    const theta = own.generator.learner.theta.subarray(0, P);
    return (await pi.run({ s: seen(s, policyNormal(own)), a, theta })) as { logPi: Float32Array; mode: Float32Array };
  };

  return {
    env: worldOf(env, options),

    async train(own, steps) {
      rows.draw(own, steps);
      const { feeds, drawn, absent } = rows;
      if (policyAware) {
        const { logPi } = await asked(own, drawn.s, drawn.a);
        for (let k = 0; k < logPi.length; k++) feeds.logPi[k] = absent[k] === 1 ? 0 : logPi[k];
      }
      const report = await update.run(own.discriminator, feeds, options.rewardUpdates);
      return {
        discriminatorLoss: meanOf(report.loss),
        discriminatorEntropy: meanOf(report.discriminatorEntropy),
        discriminatorGradNorm: meanOf(report.gradNorm),
        expertAccuracy: meanOf(report.expertAccuracy),
        learnerAccuracy: meanOf(report.learnerAccuracy),
      };
    },

    async judge(own, steps) {
      const { absorbing, doubt, gamma, rewardForm } = options;
      const N = steps.terminated.length;
      const f = await values.run({ x: rows.newest(own), theta: own.discriminator.theta });
      const logPi = policyAware ? (await asked(own, steps.s, steps.a as Int32Array | Float32Array)).logPi : undefined;
      const members = Object.values(f).map((member) =>
        Float64Array.from(member as Float32Array, (l, k) => rewardOfLogit(rewardForm, k < N && logPi ? l - logPi[k] : l)),
      );
      const all = cautious(members, doubt);
      const rewards = absorbing ? all.slice(0, N) : all;
      if (absorbing) addAbsorbing(rewards, steps.terminated, all[N], gamma);
      return rewards;
    },

    compare: comparison(
      state,
      env,
      { expert, held: held && expertSteps(held, { ...showing, every: 1 }) },
      async (own, s, a) => (await asked(own, s, a)).mode,
    ),
  };
}

/** The world that the learner acts in. */
export function worldOf(env: Env, { stagger }: AdversarialOptions): Env {
  return stagger ? staggered(env) : env;
}

/** The family of discriminators that the options describe, and whether it asks where steps lead. */
export function discriminatorOf(
  env: Env,
  options: AdversarialOptions,
): StepNetwork & { readonly next: boolean; readonly params: ParamTree } {
  const network = stepNetwork(env, {
    over: options.over,
    hidden: options.rewardHidden,
    activation: options.rewardActivation,
    ...(options.shaping ? { shaping: options.gamma } : {}),
    absorbing: options.absorbing,
    spectral: options.spectral,
    members: options.members,
  });
  return { ...network, next: needsNext(network.encoding) };
}
