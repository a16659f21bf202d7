import { type DpoOptions, dpo, train } from "../../algorithms/index.ts";
import { initialise, type Rng, rng } from "../../autodiff/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import { box, discrete, type Preference } from "../../mdp/index.ts";
import { linearPolicy, type ResponsePolicy, responsesOf } from "../../policies/index.ts";
import { implicitRewardOf } from "../../rewards/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

/**
 * A bandit: features, 4 actions, comparisons by a linear taste of its own, learned by a linear policy. With this many features the
 * comparisons can just be learned by heart.
 */
const FEATURES = 80;
const ACTIONS = [0, 1, 2, 3] as const;
const A = ACTIONS.length;
const TRAINING = 512;
/** From a policy that cannot learn wrong labels by heart to one that has room to spare. */
const SCAN = [10, 20, 40, 80, 120, 160] as const;
/** Worlds of each of the others than the one that is judged. */
const SCANNED = 10;
const RATES = [20, 30] as const;
const LOSSES = ["plain", "smoothed", "robust"] as const;
type LossKind = (typeof LOSSES)[number];

/** Every update sees all comparisons: what differs is the loss, not the luck of minibatches. */
const OPTIONS: Partial<DpoOptions> = {
  ...{ beta: 0.5, batchSize: TRAINING, klSamples: 0 },
  ...{ learningRate: 0.3, schedule: "constant", clipNorm: 0 },
};

/** Plain, smoothed and robust DPO where some labels are the wrong way round. */
export const noisyLabels: Experiment = {
  id: "noisy-labels",
  title: "Losses that expect flipped labels learn better from them",
  source: "Chowdhury, Kini & Natarajan 2024 (robust DPO); Mitchell 2023 (conservative DPO)",
  claims: expected,

  async run({ quick = false, seeds = quick ? 5 : 20, onProgress }) {
    const updates = quick ? 50 : 150;
    const heldOut = quick ? 300 : 1000;
    const scan = quick ? [FEATURES] : SCAN;
    const found = new Map<string, Found[]>();
    for (let seed = 0; seed < seeds; seed++) {
      for (const features of scan) {
        if (features !== FEATURES && seed >= SCANNED) continue;
        for (const rate of RATES) {
          const world = worldOf(rng(seed).split("noisy-labels").split(rate).split(features), {
            D: features,
            flipped: rate / 100,
            heldOut,
          });
          for (const loss of LOSSES) {
            const key = `${loss} ${rate} ${features}`;
            const own = found.get(key) ?? [];
            own.push(await learned(world, loss, rate / 100, { updates, seed }));
            found.set(key, own);
          }
        }
      }
      onProgress?.({ done: seed + 1, total: seeds, unit: "seeds" });
    }
    const of = (name: keyof Found, loss: LossKind, rate: number, features = FEATURES) =>
      found.get(`${loss} ${rate} ${features}`)!.map((one) => one[name]);
    const better = (loss: LossKind, rate: number, features?: number) =>
      pairedDifference(of("accuracy", loss, rate, features), of("accuracy", "plain", rate, features));
    const surer = (rate: number) => pairedDifference(of("wrongly", "plain", rate), of("wrongly", "smoothed", rate));
    const caption = `Means over ${seeds} worlds with 95 % intervals; ${TRAINING} comparisons each, ${heldOut} unseen contexts whose actions are compared with true labels.`;
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
        quick ? { undecided: ["smoothed20"] } : {},
      ),
      figures: [
        {
          kind: "intervals",
          title: "Unseen comparisons ranked rightly",
          caption: `${FEATURES} features. ${caption}`,
          x: "accuracy of the implicit reward (%)",
          rows: RATES.flatMap((rate) =>
            LOSSES.map((loss) => ({ label: `${loss}, ${rate} % flipped`, value: meanInterval(of("accuracy", loss, rate)) })),
          ),
        },
        {
          kind: "intervals",
          title: "Written-down labels, the wrong ones among them, that were learned",
          caption: `${FEATURES} features. ${caption}`,
          x: "labels that the implicit reward agrees with (%)",
          rows: RATES.flatMap((rate) =>
            LOSSES.map((loss) => ({ label: `${loss}, ${rate} % flipped`, value: meanInterval(of("fitted", loss, rate)) })),
          ),
        },
        ...(quick
          ? []
          : RATES.map((rate) => ({
              kind: "lines" as const,
              title: `Accuracy by what can be learned by heart, ${rate} % flipped`,
              caption: `Differences to plain DPO, otherwise as above; ${Math.min(SCANNED, seeds)} worlds each, ${seeds} with ${FEATURES} features.`,
              x: "features of a context",
              y: "unseen comparisons ranked rightly, difference (points)",
              series: (["smoothed", "robust"] as const).map((loss) => ({
                name: loss,
                points: SCAN.map((x) => {
                  const { mean: y, low, high } = better(loss, rate, x);
                  return { x, y, low, high };
                }),
              })),
            }))),
      ],
    };
  },
};

interface World {
  readonly policy: ResponsePolicy;
  readonly preferences: readonly Preference[];
  /** Contexts that no comparison was made in, with the taste's rewards of all actions. */
  readonly unseen: readonly { readonly x: Float32Array; readonly rewards: readonly number[] }[];
}

function worldOf(random: Rng, { D, flipped, heldOut }: { D: number; flipped: number; heldOut: number }): World {
  const taste = Float64Array.from({ length: A * D }, () => random.normal());
  const context = () => {
    const x = Float32Array.from({ length: D }, () => random.normal());
    return { x, rewards: ACTIONS.map((a) => x.reduce((sum, value, d) => sum + taste[a * D + d] * value, 0)) };
  };
  const comparison = (): Preference => {
    const { x, rewards } = context();
    const a = random.integer(A);
    const b = (a + 1 + random.integer(A - 1)) % A;
    const [w, l] = rewards[a] > rewards[b] !== random.float() < flipped ? [a, b] : [b, a];
    return { x, yw: { actions: Int32Array.of(w) }, yl: { actions: Int32Array.of(l) } };
  };
  const model = responsesOf(linearPolicy({ observation: box([D]), action: discrete(A) }));
  return {
    policy: { model, theta: initialise(model.params, random.split("theta")) },
    preferences: Array.from({ length: TRAINING }, comparison),
    unseen: Array.from({ length: heldOut }, context),
  };
}

/** What the implicit reward says. */
interface Found {
  /** How many unseen comparisons it ranks as the taste does, in %. */
  readonly accuracy: number;
  /** How many comparisons it ranks as they were written down, wrong ones too, in %. */
  readonly fitted: number;
  /** Mean margin by which unseen comparisons are ranked wrongly (0 for those that are ranked rightly), in nats. */
  readonly wrongly: number;
}

async function learned(
  { policy, preferences, unseen }: World,
  loss: LossKind,
  rate: number,
  more: { readonly updates: number; readonly seed: number },
): Promise<Found> {
  const by = { plain: {}, smoothed: { labelSmoothing: rate }, robust: { loss: "robust", labelSmoothing: rate } }[loss];
  const { policy: pi } = await train(dpo, { policy, preferences }, { ...OPTIONS, ...by, ...more, report: more.updates });
  const reward = implicitRewardOf(pi, policy, OPTIONS.beta!);

  const chosen = await reward(preferences.map(({ x, yw }) => ({ x, y: yw })));
  const rejected = await reward(preferences.map(({ x, yl }) => ({ x, y: yl })));
  const r = await reward(unseen.flatMap(({ x }) => ACTIONS.map((a) => ({ x, y: { actions: Int32Array.of(a) } }))));
  const margins = unseen.flatMap(({ rewards }, i) =>
    ACTIONS.flatMap((w) =>
      ACTIONS.filter((l) => rewards[w] > rewards[l]).map((l) => r[i * ACTIONS.length + w] - r[i * ACTIONS.length + l]),
    ),
  );
  return {
    accuracy: share(margins),
    fitted: share(Array.from(chosen, (own, i) => own - rejected[i])),
    wrongly: margins.reduce((sum, m) => sum + Math.max(0, -m), 0) / margins.length,
  };
}

/** How many margins are positive, in %. */
function share(margins: readonly number[]): number {
  return (100 * margins.filter((m) => m > 0).length) / margins.length;
}
