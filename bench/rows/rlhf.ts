import { rlhf as algorithm, start } from "apprentice/algorithms";
import { rng } from "apprentice/autodiff";
import { firstTheta, gpt2, languageFamily } from "apprentice/policies";
import { explicitRewardModel, rewardOfAnswers } from "apprentice/rewards";
import { type Bench, median } from "../row.ts";

const CONFIG = gpt2({ vocabulary: 512, context: 64, width: 128, layers: 4, heads: 4 });
const [PROMPT, LENGTH] = [16, 32];
const [PROMPTS, GROUP, BATCH] = [16, 4, 32];

/** Seconds of a round. */
interface Shares {
  generation: number;
  scoring: number;
  update: number;
}

const now = () => Number(process.hrtime.bigint()) / 1e9;

/**
 * PPO on a small language model under a reward model of the same size: where a round's time goes. Generation is drawing the responses;
 * scoring is the reward and what π, its critic and π_ref say of every token; the rest is the update.
 */
export const rlhf: Bench = async () => {
  const family = languageFamily(CONFIG);
  const theta = firstTheta(family, 0);
  const at = { drawn: 0, update: 0 };
  const model = {
    ...family,
    async respond(...call: Parameters<typeof family.respond>) {
      // Texts that end early would cost less: these have no end but their length.
      const options = { ...call[2], stop: [] };
      const responses = await family.respond(call[0], call[1], options);
      at.drawn = now();
      at.update = 0;
      return responses;
    },
    feeds(...call: Parameters<typeof family.feeds>) {
      if (call[0].length === BATCH && at.update === 0) at.update = now(); // readings are of all answers at once
      return family.feeds(...call);
    },
  };
  const judge = explicitRewardModel({ model: family, theta });
  const reward = rewardOfAnswers({ model: judge, members: [judge.first(rng(1))] });
  const random = rng(3);
  const contexts = Array.from({ length: 64 }, () =>
    Int32Array.from({ length: PROMPT }, () => 1 + random.integer(CONFIG.vocabulary - 1)),
  );
  const run = start(
    algorithm,
    { policy: { model, theta }, contexts, reward },
    {
      rounds: 1e9,
      prompts: PROMPTS,
      group: GROUP,
      batchSize: BATCH,
      epochs: 2,
      maxLength: LENGTH,
      schedule: "constant",
      seed: 0,
    },
  );
  await run.next();
  const found: Shares[] = [];
  for (let k = 0; k < 5; k++) {
    const begin = now();
    await run.next();
    const end = now();
    found.push({ generation: at.drawn - begin, scoring: at.update - at.drawn, update: end - at.update });
  }
  const whole = ({ generation, scoring, update }: Shares) => generation + scoring + update;
  const rate = median(found.map((one) => (PROMPTS * GROUP * LENGTH) / whole(one)));
  return [
    { row: "rlhf", value: rate, unit: "tokens/s", against: "drawn, scored and learned from twice, 1 thread", ratio: 1 },
    ...(["generation", "scoring", "update"] as const).map((part) => {
      const share = median(found.map((one) => one[part] / whole(one)));
      return { row: `rlhf-${part}`, value: 100 * share, unit: "%", against: "the time of a round", ratio: share };
    }),
  ];
};
