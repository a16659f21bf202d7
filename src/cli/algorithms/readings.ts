import { below, choice, either, list, positive, real, share, whole } from "../settings.ts";

/** How the options are read that every method which fits a policy by minibatches has: those of behavior cloning, sft and dpo. */
export const fitReadings = {
  batchSize: whole(1),
  learningRate: positive(),
  schedule: choice("constant", "linear", "cosine"),
  warmup: whole(),
  optimizer: choice("adam", "adamw", "sgd", "rmsprop"),
  weightDecay: real(0),
  momentum: below(1),
  clipNorm: real(0),
  epochs: real(0),
  updates: whole(),
};

/** What behavior cloning adds, of pairs and of texts. */
export const lossReadings = { l2: real(0), entropyBonus: real(0), validation: real(0, 0.99), patience: whole() };

/** How the options of behavior cloning are read, which every method that refits by it has too. */
export const cloningReadings = {
  ...fitReadings,
  ...lossReadings,
  smoothing: real(0),
  unseen: choice("uniform", "marginal"),
  classWeights: either(choice("none", "balanced"), list(real(0), { least: 1 })),
};

/** How drawn tokens are limited. */
export const samplingReadings = { topK: whole(), topP: share(), minP: real(0, 1) };

/** How the options are read of whoever asks a person, or another program, for answers. */
export const askReadings = { requestSize: whole(), openRequests: whole(1), timeout: real(0) };

/** How the options of proximal policy optimisation are read, which every method that trains its policy by it has too. */
export const policyGradientReadings = {
  steps: whole(1),
  copies: whole(1),
  rolloutSteps: whole(1),
  epochs: whole(1),
  batchSize: whole(1),
  learningRate: positive(),
  clipRange: positive(),
  gamma: real(0, 1),
  lambda: real(0, 1),
  valueClip: real(0),
  valueWeight: real(0),
  entropyBonus: real(0),
  clipNorm: real(0),
  targetKl: real(0),
  schedule: choice("constant", "linear"),
};
