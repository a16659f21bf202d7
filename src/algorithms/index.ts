export * from "./algorithm.ts";
export {
  type BehaviorCloningOptions,
  type BehaviorCloningProblem,
  type BehaviorCloningRecord,
  type BehaviorCloningState,
  behaviorCloning,
  type CloningOptions,
  type CloningState,
  type FineTuningOptions,
  type FineTuningProblem,
  supervisedFineTuning,
} from "./direct/behavior-cloning.ts";
export { countedBySteps } from "./direct/by-step.ts";
export {
  type DaggerOptions,
  type DaggerProblem,
  type DaggerRecord,
  type DaggerResult,
  type DaggerState,
  dagger,
  type Pending as PendingRound,
} from "./direct/dagger.ts";
export {
  type DeepForwardTrainingOptions,
  type DeepForwardTrainingProblem,
  type DeepForwardTrainingRecord,
  type DeepForwardTrainingState,
  deepForwardTraining,
} from "./direct/deep-forward-training.ts";
export {
  type DeepSmileOptions,
  type DeepSmileProblem,
  type DeepSmileRecord,
  type DeepSmileState,
  deepSmile,
} from "./direct/deep-smile.ts";
export type { Asked as AskedComparisons } from "./direct/dpo/asking.ts";
export type { HeldOutMeasures as DpoHeldOut } from "./direct/dpo/held-out.ts";
export type { Measured as DpoMeasures } from "./direct/dpo/record.ts";
export type { Decided as DecidedComparison } from "./direct/dpo/workshop.ts";
export {
  type DpoOptions,
  type DpoProblem,
  type DpoRecord,
  type DpoResult,
  type DpoState,
  dpo,
  type Loss,
  type LossName,
  type LossOptions,
  type Mixture,
} from "./direct/dpo.ts";
export type { FlowState } from "./direct/escape-flow.ts";
export {
  type ForwardTrainingOptions,
  type ForwardTrainingProblem,
  type ForwardTrainingRecord,
  type ForwardTrainingState,
  forwardTraining,
} from "./direct/forward-training.ts";
export type { FitOptions } from "./direct/log-loss.ts";
export {
  type MimicMdOptions,
  type MimicMdProblem,
  type MimicMdRecord,
  type MimicMdState,
  mimicMd,
} from "./direct/mimic-md.ts";
export { type Aggregate, LABELLED, type Round as AggregatedRound, type Trail } from "./direct/online/aggregate.ts";
export { type AskOptions, ExpertError, type Sheet as AnswerSheet } from "./direct/online/answers.ts";
export { type Beta, betaSchedule, exponentialBeta, linearBeta } from "./direct/online/beta.ts";
export type { Effort as ExpertEffort, Thresholds as ControlThresholds } from "./direct/online/control.ts";
export type { Learner as OnlineLearner } from "./direct/online/learner.ts";
export type { VisitedRound } from "./direct/online/visits.ts";
export { type SmileOptions, type SmileProblem, type SmileRecord, type SmileState, smile } from "./direct/smile.ts";
export type { PageTable as TokenPageTable, TokenPair, TokenRows } from "./direct/token-pages.ts";
export type { GrowingColumn, Growth } from "./growth.ts";
export type { Best as BestHeldOut, HeldOut } from "./held-out.ts";
export type { Symptoms as AdversarialSymptoms } from "./inverse/adversarial/diagnosis.ts";
export type { AdversarialOptions, DiscriminatorOptions } from "./inverse/adversarial/options.ts";
export { type AdversarialPreset, adversarialPresets } from "./inverse/adversarial/presets.ts";
export {
  type Adversarial as AdversarialAlgorithm,
  type AdversarialProblem,
  type AdversarialRecord,
  type AdversarialResult,
  type AdversarialState,
  airl,
  gail,
} from "./inverse/adversarial-irl.ts";
export {
  type ApprenticeshipOptions,
  type ApprenticeshipProblem,
  type ApprenticeshipRecord,
  type ApprenticeshipResult,
  type ApprenticeshipState,
  apprenticeship,
} from "./inverse/apprenticeship.ts";
export {
  type BoltzmannIrlOptions,
  type BoltzmannIrlProblem,
  type BoltzmannIrlRecord,
  type BoltzmannIrlResult,
  type BoltzmannIrlState,
  boltzmannIrl,
} from "./inverse/boltzmann-irl.ts";
export type { Climb as ConcaveClimb } from "./inverse/concave.ts";
export {
  type IqLearnOptions,
  type IqLearnProblem,
  type IqLearnRecord,
  type IqLearnResult,
  type IqLearnState,
  iqLearn,
} from "./inverse/iq-learn.ts";
export type { LearnedReward } from "./inverse/learned-reward.ts";
export {
  type MaxMarginOptions,
  type MaxMarginProblem,
  type MaxMarginRecord,
  type MaxMarginResult,
  type MaxMarginState,
  maxMarginPlanning,
} from "./inverse/max-margin-planning.ts";
export {
  type MaxentIrlOptions,
  type MaxentIrlProblem,
  type MaxentIrlRecord,
  type MaxentIrlResult,
  type MaxentIrlState,
  maxentIrl,
} from "./inverse/maxent-irl.ts";
export type { Answered as AnsweredFragments, ComparedFragments } from "./inverse/preference-rl/answered.ts";
export type { Asked as AskedFragments } from "./inverse/preference-rl/asking.ts";
export type { Steps as RememberedSteps, Witnessed as WitnessedColumns } from "./inverse/preference-rl/memory.ts";
export type { Normal as RewardNormal } from "./inverse/preference-rl/normal.ts";
export type {
  AskOptions as FragmentAskOptions,
  FragmentRewardOptions,
  PreferenceRlOptions,
} from "./inverse/preference-rl/options.ts";
export {
  type LabelSchedule,
  labelPlan,
  labelSchedules,
  type PlanOptions as LabelPlanOptions,
} from "./inverse/preference-rl/plan.ts";
export { type PreferenceRlPreset, preferenceRlPresets } from "./inverse/preference-rl/presets.ts";
export { type Selection, selections } from "./inverse/preference-rl/selection.ts";
export {
  type PreferenceRlProblem,
  type PreferenceRlRecord,
  type PreferenceRlResult,
  type PreferenceRlState,
  preferenceRl,
} from "./inverse/preference-rl.ts";
export type { OnContradiction } from "./inverse/preferences/comparisons.ts";
export type { RewardUpdateOptions } from "./inverse/preferences/reward-update.ts";
export {
  type QSoftmaxOptions,
  type QSoftmaxProblem,
  type QSoftmaxRecord,
  type QSoftmaxResult,
  type QSoftmaxState,
  qSoftmax,
  rewardOfQ,
  softOptimalPolicy,
} from "./inverse/q-softmax.ts";
export {
  type RedOptions,
  type RedProblem,
  type RedRecord,
  type RedResult,
  type RedState,
  red,
} from "./inverse/random-expert-distillation.ts";
export {
  judgeOn,
  type RewardModelOptions,
  type RewardModelProblem,
  type RewardModelRecord,
  type RewardModelResult,
  type RewardModelState,
  rewardModel,
} from "./inverse/reward-model.ts";
export {
  bestOfN,
  bestOfNKl,
  bestOfNMean,
  bestOfNPolicy,
  rlhfOptimum,
} from "./inverse/rlhf/optimum.ts";
export { RewardError, type Written as WrittenResponses } from "./inverse/rlhf/scoring.ts";
export {
  type RlhfMethod,
  type RlhfOptions,
  type RlhfProblem,
  type RlhfRecord,
  type RlhfResult,
  type RlhfState,
  rlhf,
} from "./inverse/rlhf.ts";
export type { SoftRecord, SoftState } from "./inverse/soft-learner.ts";
export type { SoftLearnerOptions, SoftProblem } from "./inverse/soft-options.ts";
export { type IqLearnPreset, iqLearnPresets } from "./inverse/soft-presets.ts";
export { type SqilOptions, type SqilProblem, type SqilRecord, type SqilState, sqil } from "./inverse/sqil.ts";
export {
  type TabularAirlOptions,
  type TabularAirlProblem,
  type TabularAirlRecord,
  type TabularAirlResult,
  type TabularAirlState,
  tabularAirl,
} from "./inverse/tabular-airl.ts";
export { actionLogLikelihood, type ExactExpert } from "./inverse/visits.ts";
