import { type DpoOptions, dpo, train } from "../../algorithms/index.ts";
import { initialise, type Rng, rng } from "../../autodiff/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import { box, discrete, type Preference } from "../../mdp/index.ts";
import { mlp, type ResponsePolicy, responsesOf } from "../../policies/index.ts";
import { implicitRewardOf } from "../../rewards/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

/** A bandit: 5 features, 4 actions, comparisons by a linear taste of its own. */
const D = 5;
const A = 4;
const TRAINING = 256;
const HELD_OUT = 1000;
const RATES = [20, 30] as const;
const LOSSES = ["plain", "smoothed", "robust"] as const;
type LossKind = (typeof LOSSES)[number];

const OPTIONS: Partial<DpoOptions> = {
  ...{ beta: 0.5, batchSize: 64, updates: 320, report: 320, klSamples: 0 },
  ...{ learningRate: 1e-2, schedule: "constant" },
};

/** Plain, smoothed and robust DPO where some labels are the wrong way round. */
export const noisyLabels: Experiment = {
  id: "noisy-labels",
  title: "Losses that expect flipped labels learn better from them",
  source: "Chowdhury, Kini & Natarajan 2024 (robust DPO); Mitchell 2023 (conservative DPO)",
  claims: expected,

  async run({ quick = false, seeds = quick ? 5 : 20, onProgress }) {
    const found = new Map<string, Found[]>();
    for (let seed = 0; seed < seeds; seed++) {
      for (const rate of RATES) {
        const world = worldOf(rng(seed).split("noisy-labels").split(rate), rate / 100);
        for (const loss of LOSSES) {
          const own = found.get(`${loss}${rate}`) ?? [];
          own.push(await learned(world, loss, rate / 100, seed));
          found.set(`${loss}${rate}`, own);
        }
      }
      onProgress?.({ done: seed + 1, total: seeds, unit: "seeds" });
    }
    const of = (loss: LossKind, rate: number, name: keyof Found = "accuracy") =>
      found.get(`${loss}${rate}`)!.map((one) => one[name]);
    const better = (loss: LossKind, rate: number) => pairedDifference(of(loss, rate), of("plain", rate));
    const surer = (rate: number) => pairedDifference(of("plain", rate, "wrongly"), of("smoothed", rate, "wrongly"));
    return {
      rows: judged(
        expected,
        Object.fromEntries(
          RATES.flatMap((rate) => [
            [`robust${rate}`, better("robust", rate)],
            [`smoothed${rate}`, better("smoothed", rate)],
            [`surer${rate}`, surer(rate)],
          ]),
        ),
      ),
      figures: [
        {
          kind: "intervals",
          title: "Unseen comparisons ranked rightly",
          caption: `Means over ${seeds} worlds with 95 % intervals; ${TRAINING} comparisons each, ${HELD_OUT} unseen ones with true labels.`,
          x: "accuracy of the implicit reward (%)",
          rows: RATES.flatMap((rate) =>
            LOSSES.map((loss) => ({ label: `${loss}, ${rate} % flipped`, value: meanInterval(of(loss, rate)) })),
          ),
        },
      ],
    };
  },
};

interface World {
  readonly policy: ResponsePolicy;
  readonly preferences: readonly Preference[];
  readonly unseen: readonly Preference[];
}

function worldOf(random: Rng, flipped: number): World {
  const taste = Float64Array.from({ length: A * D }, () => random.normal());
  const reward = (x: Float32Array, a: number) => x.reduce((sum, value, d) => sum + taste[a * D + d] * value, 0);
  const comparison = (flip: boolean): Preference => {
    const x = Float32Array.from({ length: D }, () => random.normal());
    const a = random.integer(A);
    const b = (a + 1 + random.integer(A - 1)) % A;
    const [w, l] = reward(x, a) > reward(x, b) !== flip ? [a, b] : [b, a];
    return { x, yw: { actions: Int32Array.of(w) }, yl: { actions: Int32Array.of(l) } };
  };
  const model = responsesOf(mlp({ observation: box([D]), action: discrete(A) }, { hidden: [64] }));
  return {
    policy: { model, theta: initialise(model.params, random.split("theta")) },
    preferences: Array.from({ length: TRAINING }, () => comparison(random.float() < flipped)),
    unseen: Array.from({ length: HELD_OUT }, () => comparison(false)),
  };
}

/** What the implicit reward says of unseen comparisons. */
interface Found {
  /** How many it ranks as the taste does, in %. */
  readonly accuracy: number;
  /** Mean margin by which comparisons are ranked wrongly (0 for those that are ranked rightly), in nats. */
  readonly wrongly: number;
}

async function learned({ policy, preferences, unseen }: World, loss: LossKind, rate: number, seed: number): Promise<Found> {
  const by = { plain: {}, smoothed: { labelSmoothing: rate }, robust: { loss: "robust", labelSmoothing: rate } }[loss];
  const { policy: pi } = await train(dpo, { policy, preferences }, { ...OPTIONS, ...by, seed });
  const reward = implicitRewardOf(pi, policy, OPTIONS.beta!);
  const chosen = await reward(unseen.map(({ x, yw }) => ({ x, y: yw })));
  const rejected = await reward(unseen.map(({ x, yl }) => ({ x, y: yl })));
  const margins = chosen.map((r, i) => r - rejected[i]);
  const n = margins.length;
  return {
    accuracy: (100 * margins.filter((m) => m > 0).length) / n,
    wrongly: margins.reduce((sum, m) => sum + Math.max(0, -m), 0) / n,
  };
}
