import { initialise, layout, NotFiniteError, rng, type TrainState } from "../../autodiff/index.ts";
import { type Dataset, meanAndDeviation, type Pairs, type RunningMoments } from "../../data/index.ts";
import { type Env, madeOnce, type StepBatch } from "../../mdp/index.ts";
import { type NeuralPolicy, neuralPolicy, type PolicyModel } from "../../policies/index.ts";
import { noRewards, type StepReward, standardise, stepReward } from "../../rewards/index.ts";
import { type Critic, type PpoRecord, type PpoState, ppo, type Replay, replayOf } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { checkDemonstrations, demonstrationParts, expertSteps } from "./adversarial/demonstrations.ts";
import { earlyWarning, healthy, type Symptoms } from "./adversarial/diagnosis.ts";
import { endsWarning } from "./adversarial/ends.ts";
import { absorbedSteps, rememberRound } from "./adversarial/memory.ts";
import { momentsOf, normalOf } from "./adversarial/normal.ts";
import { type AdversarialOptions, adversarialDefaults, checkOptions, ppoOptions } from "./adversarial/options.ts";
import { withoutFirst } from "./adversarial/staggered.ts";
import { warmStart } from "./adversarial/warm-start.ts";
import { discriminatorOf, makeWorkshop, worldOf } from "./adversarial/workshop.ts";

/** A world, what an expert did in it, and the family of policies to choose from. */
export interface AdversarialProblem {
  readonly env: Env;
  /** Trajectories; or pairs, where the reward asks for no more. */
  readonly demos: Dataset | Pairs;
  readonly policy: PolicyModel;
  /** By default a perceptron with the policy's hidden layers. */
  readonly critic?: Critic;
  /** Told when a round turns to something else, for whoever measures where the time goes. */
  readonly onPhase?: (phase: "rollout" | "discriminator" | "generator") => void;
}

/** Plain data: all that the next round depends on. */
export interface AdversarialState {
  options: AdversarialOptions;
  /** The learner: policy, critic, the worlds as they stand, their normaliser. */
  generator: PpoState;
  discriminator: TrainState;
  /** The learner's steps of the last rounds. */
  memory: Replay;
  /** How many steps more belong to each of these rounds in the absorbing state. */
  absorbed: Float64Array;
  /** The generator that minibatches of the discriminator are drawn from. */
  stream: Uint32Array;
  /** Moments of the demonstrations' states. */
  shown: RunningMoments;
  /** Moments of the rewards so far, where they are brought to scale. */
  earned: RunningMoments | null;
  /** Steps of every copy's present episode, and where it stood after the last one. */
  ages: Float64Array;
  stood: Float32Array | null;
  rounds: number;
  /** The running score of the policies, and the one that had the best. */
  score: number | null;
  best: {
    theta: Float32Array;
    normaliser: { mean: Float32Array; std: Float32Array } | null;
    score: number;
    round: number;
  } | null;
  symptoms: Symptoms;
}

/** One round: a rollout, updates of the discriminator, updates of the policy against it. */
export interface AdversarialRecord extends PpoRecord {
  round: number;
  /** Shares of the expert's and of the learner's steps that the discriminator tells right; 0.5 where it can't tell. */
  expertAccuracy: number;
  learnerAccuracy: number;
  discriminatorLoss: number;
  /** Mean H(D), in nats: ln 2 where it can't tell, 0 where it is sure. */
  discriminatorEntropy: number;
  discriminatorGradNorm: number;
  /** Of the learned reward on this round's steps, before it is brought to scale. */
  rewardMean: number;
  rewardDeviation: number;
  /** Energy distance of this round's pairs (s, a) from the expert's, in units of the demonstrations' deviations. */
  distance: number;
  /** On held-out states of the expert: the share where the most likely action is another (or the root mean square difference). */
  disagreement?: number;
  /** What goes wrong, or in the first round what may, and what to change. */
  warning?: string;
}

export interface AdversarialResult {
  readonly policy: NeuralPolicy;
  /** What was learned to be worth doing: for GAIL the discriminator's reward, for AIRL g, without the potential. */
  readonly reward: StepReward;
  /** Which policy this is, and by which measure it was chosen; none of them looks at the world's own reward. */
  readonly kept: { readonly by: AdversarialOptions["keep"]; readonly round: number };
}

/** GAIL and AIRL are two of these: they differ in the discriminator alone. */
export type Adversarial = Algorithm<
  AdversarialProblem,
  AdversarialOptions,
  AdversarialState,
  AdversarialRecord,
  AdversarialResult
>;

/** What makes one of the family: what the discriminator's logit is made of, and what it starts with. */
interface Kind {
  readonly name: string;
  readonly about: string;
  /** Whether the policy's own probability is part of the discriminator: l = f − log π. */
  readonly policyAware: boolean;
  readonly defaults: Pick<AdversarialOptions, "over" | "rewardForm" | "shaping"> & Partial<AdversarialOptions>;
}

/**
 * Imitation by telling apart (Ho & Ermon 2016, Alg. 1; Fu et al. 2018, Alg. 1). Each round
 *
 *     run π_θ for T steps in n copies of the world
 *     φ ← optimizer(φ, ∇ L(D_φ)), some minibatches with as many steps of the expert as of the learner
 *     θ ← PPO(θ, r(s, a, s') of D_φ)
 *
 * Throws if demonstrations, world and policy don't fit together or the reward asks for what the demonstrations don't say, and a
 * `NotFiniteError` if a loss or a reward is no finite number: what was saved before that round is sound.
 */
function adversarial({ name, about, policyAware, defaults }: Kind): Adversarial {
  const workshop = madeOnce((state: AdversarialState, problem: AdversarialProblem) => makeWorkshop(state, problem, policyAware));

  return {
    name,
    about,
    needs: ["env", "demos", "policy"],
    defaults: { ...adversarialDefaults, ...defaults },

    async init(problem, options) {
      const { env, policy, demos } = problem;
      checkOptions(options);
      const network = discriminatorOf(env, options);
      checkDemonstrations(env, demos, { next: network.next });
      const generator = await ppo.init({ ...generatorProblem(problem, options), reward: () => [] }, ppoOptions(options));
      if (options.stagger) withoutFirst(env, generator.episodes);
      const random = rng(options.seed);
      const theta = initialise(network.params, random.split("discriminator"));
      const { training } = demonstrationParts(demos, options);
      const expert = expertSteps(training, { ...options, maxSteps: env.maxSteps });
      const shown = momentsOf(expert);
      const state: AdversarialState = {
        options,
        generator,
        discriminator: { theta, slots: [new Float32Array(theta.length), new Float32Array(theta.length)], t: 0 },
        memory: replayOf(env.observation, env.action, options.memory * options.copies * options.rolloutSteps),
        absorbed: new Float64Array(options.memory),
        stream: random.split("minibatches").words,
        shown,
        earned: options.standardiseRewards ? noRewards() : null,
        ages: new Float64Array(options.copies),
        stood: null,
        rounds: 0,
        score: null,
        best: null,
        symptoms: healthy(),
      };
      if (options.warmStart > 0) {
        const of = { updates: options.warmStart, random: random.split("warm start") };
        await warmStart(generator.learner.theta, policy, expert, normalOf(state), of);
      }
      return state;
    },

    async iterate(state, problem) {
      const { options, generator } = state;
      const work = await workshop(state, problem);
      const P = layout(problem.policy.params).size;
      const { onPhase = () => {} } = problem;
      const before = [generator.learner.theta, ...generator.learner.slots].map((vector) => vector.slice(0, P));
      if (options.normalise === "demos") generator.observed = copied(state.shown);
      let told: Omit<AdversarialRecord, keyof PpoRecord | "round" | "warning"> | undefined;

      // s, a ∼ π_θ;  φ ← optimizer(φ, ∇ L(D_φ));  r of D_φ;  θ ← PPO(θ, r)
      onPhase("rollout");
      const record = await ppo.iterate(generator, {
        ...generatorProblem(problem, options),
        env: work.env,
        async reward(steps: StepBatch) {
          onPhase("discriminator");
          rememberRound(state, steps, options.absorbing ? absorbedSteps(state, steps, problem.env.maxSteps) : 0);
          const trained = await work.train(state, steps);
          const rewards = await work.judge(state, steps);
          const { mean, deviation } = meanAndDeviation(rewards);
          if (!Number.isFinite(mean)) throw new NotFiniteError("the learned reward", mean, state.discriminator.t);
          const seen = await work.compare(state, steps);
          told = { ...trained, rewardMean: mean, rewardDeviation: deviation, ...seen };
          if (state.earned) standardise(state.earned, rewards);
          keepBest(state, before[0], seen);
          onPhase("generator");
          return rewards;
        },
      });
      if (!told)
        throw new Error(
          `${name}: ppo asked for no reward in round ${state.rounds + 1}, expected it to ask once; please report this`,
        );
      if (state.rounds < options.settle) {
        [generator.learner.theta, ...generator.learner.slots].forEach((vector, i) => {
          vector.set(before[i]);
        });
      }
      const early = earlyWarning(state.symptoms, { ...told, kl: record.kl });
      const warning = early ?? (state.rounds === 0 ? endsWarning(problem.demos, options) : undefined);
      state.rounds++;
      return { round: state.rounds, ...record, ...told, ...(warning === undefined ? {} : { warning }) };
    },

    done: ({ generator }) => ppo.done(generator),
    progress: ({ generator }) => ppo.progress(generator),

    async result(state, problem) {
      const { options, generator, best } = state;
      const chosen = options.keep !== "last" ? best : null;
      const theta = chosen?.theta ?? generator.learner.theta.slice(0, layout(problem.policy.params).size);
      const normaliser = (chosen ? chosen.normaliser : generator.normaliser) ?? normalOf(state);
      const network = discriminatorOf(problem.env, options);
      return {
        policy: neuralPolicy(problem.policy, theta, normaliser),
        reward: stepReward(network, state.discriminator.theta, {
          part: "g",
          form: policyAware ? "both" : options.rewardForm,
          doubt: options.doubt,
          gamma: options.gamma,
          normaliser: normalOf(state),
        }),
        kept: { by: options.keep, round: chosen?.round ?? state.rounds },
      };
    },
  };
}

/**
 * Generative adversarial imitation learning (Ho & Ermon 2016): D(s, a) tells the expert's pairs from the learner's, and the
 * learner is paid for what D takes to be the expert's. @see adversarial for the loop.
 */
export const gail: Adversarial = adversarial({
  name: "gail",
  about: "generative adversarial imitation: a policy whose steps can't be told from the expert's",
  policyAware: false,
  defaults: { over: "sa", rewardForm: "positive", shaping: false },
});

/**
 * Adversarial inverse reinforcement learning (Fu et al. 2018): the same with D = e^f / (e^f + π), so that f is a reward under which
 * the expert is soft-optimal; with a potential beside it g over states alone is one that survives a change of the world. That reward
 * is below 0 on average once the learner is close, so that without an absorbing state it would be best to end early: it has one.
 */
export const airl: Adversarial = adversarial({
  name: "airl",
  about: "adversarial inverse reinforcement learning: a reward that explains the expert, and a policy for it",
  policyAware: true,
  defaults: { over: "sa", rewardForm: "both", shaping: true, absorbing: true, rewardRate: 3e-3, gamma: 0.98, penaltyShare: 0.25 },
});

function generatorProblem({ env, policy, critic }: AdversarialProblem, options: AdversarialOptions) {
  return { env: worldOf(env, options), policy, ...(critic ? { critic } : {}) };
}

/** How much a new score counts in the running one. */
const FRESH = 0.2;

/** Keeps the policy that this round was made with, if its running score is the smallest so far. */
function keepBest(state: AdversarialState, theta: Float32Array, seen: { distance: number; disagreement?: number }): void {
  const { keep } = state.options;
  if (keep === "last") return;
  const now = keep === "distance" ? seen.distance : (seen.disagreement ?? seen.distance);
  state.score = state.score === null ? now : (1 - FRESH) * state.score + FRESH * now;
  if (state.best && state.best.score <= state.score) return;
  const { normaliser } = state.generator;
  const copy = normaliser && { mean: normaliser.mean.slice(), std: normaliser.std.slice() };
  state.best = { theta: theta.slice(), normaliser: copy, score: state.score, round: state.rounds };
}

function copied({ count, mean, squares }: RunningMoments): RunningMoments {
  return { count, mean: mean.slice(), squares: squares.slice() };
}
