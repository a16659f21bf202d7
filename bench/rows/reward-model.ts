import { rewardModel as algorithm, start } from "apprentice/algorithms";
import { rng } from "apprentice/autodiff";
import type { Preference } from "apprentice/mdp";
import { firstTheta, gpt2, languageFamily } from "apprentice/policies";
import { explicitRewardModel } from "apprentice/rewards";
import { peer, pythonWith } from "../peer.ts";
import { type Bench, median, paired, seconds } from "../row.ts";

const CONFIG = gpt2({ vocabulary: 512, context: 64, width: 128, layers: 4, heads: 4 });
const [PAIRS, LENGTH, PROMPT] = [16, 64, 16];
/** Steps of a measurement: a second or so. */
const STEPS = 6;
const THREADS = 2;
/** What a bare PyTorch loop reached on two threads, where none is asked. */
const PYTORCH = 18_200;

/** Comparisons of random tokens: 16 of prompt and 48 of response. */
function preferences(n: number): Preference[] {
  const random = rng(3);
  const tokens = (length: number) => Int32Array.from({ length }, () => 1 + random.integer(CONFIG.vocabulary - 1));
  return Array.from({ length: n }, () => ({
    x: tokens(PROMPT),
    yw: { actions: tokens(LENGTH - PROMPT) },
    yl: { actions: tokens(LENGTH - PROMPT) },
  }));
}

/** Training of an explicit reward model on whole networks, against a bare PyTorch loop on as many threads. */
export const rewardModel: Bench = async ({ peers, say }) => {
  const model = languageFamily(CONFIG);
  const reward = explicitRewardModel({ model, theta: firstTheta(model, 0) });
  const options = { report: STEPS, updates: 1e9, batchSize: PAIRS, threads: THREADS, seed: 0 };
  const run = start(algorithm, { reward, preferences: preferences(16 * PAIRS) }, options);
  await run.next();
  const ours = async () => (STEPS * 2 * PAIRS * LENGTH) / (await seconds(() => run.next()));
  const python = peers ? pythonWith("torch") : undefined;
  if (peers && !python) say("no Python with torch was found ($APPRENTICE_PYTHON, python3, python): reward-model runs alone");
  if (!python) {
    const rate = median([await ours(), await ours(), await ours()]);
    return [{ row: "reward-model", value: rate, unit: "tokens/s", against: "18,200 tokens/s", ratio: rate / PYTORCH }];
  }
  const theirs = peer(python, "reward_model.py");
  const { ours: value, ratio } = await paired(5, ours, () => theirs.ask(`${STEPS} ${THREADS}`));
  theirs.close();
  return [{ row: "reward-model", value, unit: "tokens/s", against: `a bare PyTorch loop, ${THREADS} threads`, ratio }];
};
