/**
 * How far two samples of rows are apart: the energy distance (Székely & Rizzo 2013),
 *
 *     2 E‖x − y‖ − E‖x − x'‖ − E‖y − y'‖,
 *
 * 0 only for one and the same distribution. Rows x `[n, W]` and y `[m, W]`; an estimate may fall a little below 0.
 * @formula energy-distance
 */
export function energyDistance(x: Float32Array, y: Float32Array, W: number): number {
  const [n, m] = [x.length / W, y.length / W];
  return (2 * total(x, y, W)) / (n * m) - total(x, x, W) / (n * Math.max(1, n - 1)) - total(y, y, W) / (m * Math.max(1, m - 1));
}

function total(x: Float32Array, y: Float32Array, W: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += W) {
    for (let j = 0; j < y.length; j += W) {
      let square = 0;
      for (let k = 0; k < W; k++) square += (x[i + k] - y[j + k]) ** 2;
      sum += Math.sqrt(square);
    }
  }
  return sum;
}

/** What the warnings are made from: how many rounds in a row looked like trouble. Plain data. */
export interface Symptoms {
  won: number;
  blind: number;
  wild: number;
  /** The largest distance of the learner's steps from the expert's so far. */
  farthest: number;
}

export const healthy = (): Symptoms => ({ won: 0, blind: 0, wild: 0, farthest: 0 });

/** What a round looked like. */
export interface Signs {
  readonly expertAccuracy: number;
  readonly learnerAccuracy: number;
  readonly rewardDeviation: number;
  readonly kl: number;
  /** Energy distance of the learner's steps from the expert's. */
  readonly distance: number;
}

/** Rounds in a row after which it is said. */
const PATIENCE = 10;

/** The most urgent thing to say of a run, with what to change; nothing if it looks well. Counts rounds in `symptoms`. */
export function earlyWarning(symptoms: Symptoms, signs: Signs): string | undefined {
  const { expertAccuracy, learnerAccuracy, rewardDeviation, kl, distance } = signs;
  symptoms.farthest = Math.max(symptoms.farthest, distance);
  const far = distance > 0.5 * symptoms.farthest;
  const count = (name: "won" | "blind" | "wild", now: boolean) => {
    symptoms[name] = now ? symptoms[name] + 1 : 0;
    return symptoms[name] >= PATIENCE;
  };
  const sure = Math.min(expertAccuracy, learnerAccuracy);
  const same = Math.abs(expertAccuracy + learnerAccuracy - 1) < 0.1 || rewardDeviation < 1e-6;
  const won = count("won", sure > 0.995);
  const blind = count("blind", same && far);
  const wild = count("wild", kl > 0.15);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  if (won) {
    return (
      `the discriminator has won: right on ${percent(expertAccuracy)} of the expert's steps and ${percent(learnerAccuracy)} of the learner's for ${symptoms.won} rounds; ` +
      "lower rewardUpdates or rewardRate, or raise gradientPenalty, noise or labelSmoothing; or warmStart the policy"
    );
  }
  if (blind) {
    return (
      `the discriminator has collapsed: it says the same of all steps (right on ${percent(expertAccuracy)} of the expert's, ${percent(learnerAccuracy)} of the learner's) ` +
      "although the learner is far away; raise rewardUpdates or rewardRate, or lower gradientPenalty, noise or labelSmoothing"
    );
  }
  if (wild)
    return `the policy moves too far in a round: KL ${kl.toFixed(2)} for ${symptoms.wild} rounds; lower learningRate or epochs, or set targetKl`;
  return undefined;
}
