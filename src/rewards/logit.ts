/**
 * How a discriminator's judgement becomes a reward. With l = log D − log(1 − D), D the probability that a step is the expert's:
 *
 *     positive     −log(1 − D) = log(1 + e^l)    never below 0: every step more is worth something (Ho & Ermon 2016, as most use it)
 *     negative      log D = −log(1 + e^−l)       never above 0: every step more costs something
 *     both          log D − log(1 − D) = l       of either sign (Fu et al. 2018)
 *     forward-kl   −l e^l                        minimises KL(expert ‖ learner) (Ghasemipour et al. 2020, FAIRL)
 */
export type RewardForm = "positive" | "negative" | "both" | "forward-kl";

export const rewardForms = ["positive", "negative", "both", "forward-kl"] as const;

/** Beyond this a logit says no more, and e^l would run away. */
export const MOST_LOGIT = 5;

/**
 * The reward of a logit l.
 * @formula discriminator-reward
 */
export function rewardOfLogit(form: RewardForm, l: number): number {
  switch (form) {
    case "positive":
      return softplus(l);
    case "negative":
      return -softplus(-l);
    case "both":
      return l;
    case "forward-kl":
      return -Math.min(l, MOST_LOGIT) * Math.exp(Math.min(l, MOST_LOGIT));
  }
}

/** log(1 + e^x) without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
