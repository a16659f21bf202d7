import { count, type Dataset, type Pairs } from "../../../data/index.ts";
import type { AdversarialOptions } from "./options.ts";

/**
 * What to say before a learner is paid by −log(1 − D) ≥ 0 alone where the expert came to ends: every further step is worth
 * something to it, the end nothing, so it puts off what the expert sought (Kostrikov et al. 2019). Nothing where an absorbing
 * state judges ends too, or the form was chosen for them; pairs don't say what ended.
 */
export function endsWarning(
  demos: Dataset | Pairs,
  { rewardForm, absorbing }: Pick<AdversarialOptions, "rewardForm" | "absorbing">,
): string | undefined {
  if (absorbing || rewardForm !== "positive" || !("offsets" in demos)) return undefined;
  const ended = demos.terminated.reduce((sum, own) => sum + own, 0);
  if (ended === 0) return undefined;
  return (
    `the world ended ${ended} of ${count(demos)} demonstrations, but with rewardForm=positive every step more pays and an end nothing: ` +
    "the learner may put off the end; set absorbing=true, which lets the discriminator judge ends too"
  );
}
