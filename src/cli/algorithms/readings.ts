import { choice, either, list, positive, real, whole } from "../settings.ts";

/** How the options of behavior cloning are read, which every method that refits by it has too. */
export const cloningReadings = {
  batchSize: whole(1),
  learningRate: positive(),
  epochs: real(0),
  updates: whole(),
  patience: whole(),
  warmup: whole(),
  validation: real(0, 0.99),
  smoothing: real(0),
  unseen: choice("uniform", "marginal"),
  classWeights: either(choice("none", "balanced"), list(real(0))),
  optimizer: choice("adam", "adamw", "sgd", "rmsprop"),
  schedule: choice("constant", "linear", "cosine"),
};

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
  clipNorm: real(0),
  targetKl: real(0),
  schedule: choice("constant", "linear"),
};
