import { bojarski2016 } from "./bojarski2016/run.ts";
import { christiano2017Labels } from "./christiano2017-labels/run.ts";
import { condensation } from "./condensation/run.ts";
import { daggerRobots } from "./dagger-robots/run.ts";
import { dpoOnline } from "./dpo-online/run.ts";
import type { Experiment } from "./experiment.ts";
import { foster2024 } from "./foster2024/run.ts";
import { fu2018Tabular } from "./fu2018-tabular/run.ts";
import { fu2018Transfer } from "./fu2018-transfer/run.ts";
import { garg2021Iq } from "./garg2021-iq/run.ts";
import { ho2016Gail } from "./ho2016-gail/run.ts";
import { horizon } from "./horizon/run.ts";
import { noisyLabels } from "./noisy-labels/run.ts";
import { overoptimisation } from "./overoptimisation/run.ts";
import { pdl } from "./pdl/run.ts";
import { rafailov2023Gradient } from "./rafailov2023-gradient/run.ts";
import { rafailov2023Sentiment } from "./rafailov2023-sentiment/run.ts";
import { rafailov2023Tabular } from "./rafailov2023-tabular/run.ts";
import { rajaraman2020 } from "./rajaraman2020/run.ts";
import { razin2025Dynamics } from "./razin2025-dynamics/run.ts";
import { razin2025Hamiltonian } from "./razin2025-hamiltonian/run.ts";
import { razin2025Paraphrase } from "./razin2025-paraphrase/run.ts";
import { razin2025Shift } from "./razin2025-shift/run.ts";
import { razin2025Theorem1 } from "./razin2025-theorem1/run.ts";
import { razin2025Theorem2 } from "./razin2025-theorem2/run.ts";
import { rlhfEqualsDpo } from "./rlhf-equals-dpo/run.ts";
import { ross2011Sequence } from "./ross2011-sequence/run.ts";
import { ross2011Track } from "./ross2011-track/run.ts";
import { survivalBias } from "./survival-bias/run.ts";
import { ziebart2008 } from "./ziebart2008/run.ts";
import { ziebart2010 } from "./ziebart2010/run.ts";

/** A slide that claims something, and the experiments that measure it. */
export interface Slide {
  /** The slide's title; slides of one title are told apart by what follows the colon. */
  readonly title: string;
  /** What it claims, in our words. */
  readonly claims: string;
  /** They stand under this slide, each under one alone. */
  readonly experiments: readonly Experiment[];
  /** Names of experiments that stand under another slide and speak of this one too. */
  readonly also?: readonly string[];
}

/** A part of the lecture. */
export interface Part {
  readonly title: string;
  readonly slides: readonly Slide[];
}

/** The lecture on imitation learning from its first slide to its last, with what measures each of its claims. */
export const lecture: readonly Part[] = [
  {
    title: "Direct imitation",
    slides: [
      {
        title: "Behavior Cloning: Reduction to Classification",
        claims:
          "What the clone loses, V^π*(ρ) − V^π̂(ρ), is the sum over the expert's own states of Q^π̂(s, π*(s)) − Q^π̂(s, π̂(s)): no more than H · Range(Q^π̂) times the share of steps at which the two disagree.",
        experiments: [pdl],
        also: ["horizon"],
      },
      {
        title: "Behavior Cloning with Logistic Loss",
        claims:
          "θ = argmin (1/N) Σᵢ log 1/π_θ(aᵢ|sᵢ): imitation is supervised learning, and N pairs of an expert buy so much value.",
        experiments: [rajaraman2020, foster2024],
        also: ["rafailov2023-sentiment"],
      },
      {
        title: "Behavior Cloning: Reduction to Classification — Issue: distribution shift",
        claims: "Once off the expert's track the clone stays off it: an error in ε of the steps costs up to εH², not εH.",
        experiments: [horizon],
        also: ["ross2011-track"],
      },
      {
        title: "Solution: Data augmentation",
        claims: "Views from beside the path, with the steering that leads back, teach a car to recover.",
        experiments: [bojarski2016],
      },
      {
        title: "Solution: Interact with Expert (Online IL)",
        claims:
          "DAgger: run the learner, ask the expert what it would have done in the learner's states, add the answers, train again.",
        experiments: [ross2011Track, ross2011Sequence, daggerRobots],
      },
      {
        title: "DAgger with Logistic Loss",
        claims:
          "No fit from the beginning is needed: θ goes on by M minibatches of all the data so far, then the policy is run and its states are labelled.",
        experiments: [],
        also: ["ross2011-track"],
      },
      {
        title: "Analysis",
        claims:
          "Of DAgger: the gap is as well the sum over the learner's states of Q^π*(s, π*(s)) − Q^π*(s, π̂(s)), no more than H · Range(Q^π*) times the rate of errors there. An expert who can recover makes the range small, and the cost εH.",
        experiments: [],
        also: ["pdl", "horizon"],
      },
      {
        title: "Imitation with Preference Feedback",
        claims:
          "DPO: −E log σ(β log π_θ(y_w|x)/π_ref(y_w|x) − β log π_θ(y_l|x)/π_ref(y_l|x)) learns from comparisons alone, offline or online.",
        experiments: [rafailov2023Tabular, rafailov2023Gradient, dpoOnline, noisyLabels],
        also: ["rafailov2023-sentiment", "rlhf-equals-dpo"],
      },
    ],
  },
  {
    title: "Inverse reinforcement learning",
    slides: [
      {
        title: "Inverse Reinforcement Learning (IRL): Behavior assumption, Maximum likelihood",
        claims:
          "Assume P^π*(τ) ∝ exp Σ_h R*(s_h, a_h), or π*(a|s) ∝ exp Q*(s, a), and find the reward or value that makes the expert's trajectories most likely.",
        experiments: [ziebart2008, ziebart2010, garg2021Iq],
      },
      {
        title: "Types: Adversarial IRL",
        claims: "The reward is what tells expert and learner apart, and the learner is trained on it until nothing does.",
        experiments: [ho2016Gail, survivalBias, fu2018Tabular, fu2018Transfer],
      },
      {
        title: "Inverse Reinforcement Learning (IRL): Policy training",
        claims:
          "π(a|s) ∝ exp Q_φ(s, a), or argmax E[R_φ(s, a)] − β KL(π_θ ‖ π_ref). To learn a reward from the expert and a policy from the reward can always be condensed to learning a policy from the expert.",
        experiments: [condensation],
        also: ["rlhf-equals-dpo"],
      },
      {
        title: "IRL with Preference Feedback",
        claims:
          "RLHF: p*(y₁ ≻ y₂|x) = exp r*(x, y₁) / (exp r*(x, y₁) + exp r*(x, y₂)), a reward by maximum likelihood, then max E[r_φ] − β KL(π_θ ‖ π_ref).",
        experiments: [rlhfEqualsDpo, rafailov2023Sentiment, overoptimisation, christiano2017Labels],
      },
    ],
  },
  {
    title: "Explicit against implicit reward models",
    slides: [
      {
        title: "Benefits of having an explicit reward model",
        claims:
          "r = ⟨u, h_{x,y}⟩ against r = β log π_θ(y|x)/π_ref(y|x), trained alike: the explicit one understands answers that it has not seen, the implicit one hangs on their tokens; and that is not because it would have to be able to give them.",
        experiments: [
          ...[razin2025Theorem1, razin2025Theorem2, razin2025Dynamics],
          ...[razin2025Hamiltonian, razin2025Paraphrase, razin2025Shift],
        ],
      },
    ],
  },
];
