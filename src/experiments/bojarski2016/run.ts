import { behaviorCloning, train } from "../../algorithms/index.ts";
import {
  type Augment,
  concat,
  count,
  type Dataset,
  inTurn,
  light,
  rollout,
  shadow,
  sometimes,
  trajectoryAt,
  viewpoint,
} from "../../data/index.ts";
import {
  type Camera,
  cameraOf,
  dashboardCamera,
  driving,
  heldOutTracks,
  LOCK,
  onCentre,
  plainLook,
  recovery,
  SIDE_MOUNT,
  STEP,
  takePicture,
  track,
  trackCamera,
} from "../../envs/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import { driver } from "../../experts/index.ts";
import { pictureIn, size } from "../../mdp/index.ts";
import { type CnnOptions, cnn, type NeuralPolicy } from "../../policies/index.ts";
import { type Experiment, judged, type Series, type Version } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

/** The sizes of a run. The network's own are the paper's where nothing is said. */
interface Sizes {
  readonly camera: Camera;
  readonly network: CnnOptions;
  readonly updates: number;
  /** What the clones drive: so many drives on held-out tracks, of so many steps of a tenth of a second. */
  readonly tests: number;
  readonly steps: number;
}

const FULL: Sizes = { camera: dashboardCamera, network: {}, updates: 200, tests: 6, steps: 450 };

/** A third of the picture's sides, and a network that fits it. */
const QUICK: Sizes = {
  camera: cameraOf(22, 66),
  network: {
    convolutions: [
      { filters: 8, size: 5, stride: 2 },
      { filters: 16, size: 5, stride: 2 },
      { filters: 24, size: 3, stride: 2 },
    ],
    hidden: [50, 10],
  },
  updates: 200,
  tests: 6,
  steps: 300,
};

/** One car of either kind shows how its drives differ, not how trainings do. */
const SMALL: Version = {
  here: Object.fromEntries(Object.keys(expected).map((name) => [name, "one car of either kind, with a small camera"])),
  undecided: ["without", "gained"],
};

/** What the expert drives for the data: so many drives of so many steps. */
const DRIVES = 6;
const STEPS = 60;
/** Squared loss, no held-out share: a few hundred pictures are few. */
const FIT = { batchSize: 32, learningRate: 2e-3, validation: 0 };
/** Ruts and camber of the roads that the clones drive on, 1/m. */
const PULL = 0.012;

/** Bojarski et al. 2016: a network steers by pictures alone, if it has seen how to come back. */
export const bojarski2016: Experiment = {
  id: "bojarski2016",
  title: "A car that drives itself, with views from beside its path and without",
  source: 'Bojarski et al. 2016, "End to End Learning for Self-Driving Cars"; slides "Solution" (data augmentation)',
  claims: expected,

  async run({ quick = false, seeds = quick ? 1 : 5, onProgress }) {
    const sizes = quick ? QUICK : FULL;
    const autonomy: { with: number[][]; without: number[][] } = { with: [], without: [] };
    const answers: { with: number[][]; without: number[][] } = { with: [], without: [] };
    let done = 0;
    for (let seed = 0; seed < seeds; seed++) {
      for (const arm of ["with", "without"] as const) {
        const clone = arm === "with" ? await withViews(sizes, seed) : await withoutViews(sizes, seed);
        autonomy[arm].push(await driven(clone, sizes, seed));
        answers[arm].push(await steering(clone, sizes));
        onProgress?.({ done: ++done, total: 2 * seeds, unit: "cars" });
      }
    }
    // Seeds are independent, drives of one car are not; a single car's drives say at least how it fares elsewhere.
    const values = (of: number[][]) => (seeds > 1 ? of.map(average) : of[0]);
    const [shifted, plain] = [values(autonomy.with), values(autonomy.without)];
    const rows = { with: meanInterval(shifted), without: meanInterval(plain), gained: pairedDifference(shifted, plain) };
    const wheel = `${DRIVES} drives of ${STEPS * STEP} s`;
    return {
      rows: judged(expected, rows, quick ? SMALL : {}),
      figures: [
        {
          kind: "intervals",
          title: "Autonomy on held-out tracks",
          caption: `(1 − 6 s · interventions / elapsed s) · 100, means over ${seeds > 1 ? `${seeds} cars` : `${sizes.tests} drives of one car`} with 95 % intervals; both learned from ${wheel} by the expert.`,
          x: "autonomy (%)",
          rows: [
            { label: "with shifted and turned views", value: rows.with },
            { label: "without", value: rows.without },
          ],
          reference: { label: "98 %", value: 98 },
        },
        {
          kind: "lines",
          title: "What the networks answer beside the road's centre",
          caption:
            "Mean over places of the held-out tracks of the steering beside the centre less the steering on it. The correction of the labels leads back within two seconds.",
          x: "metres left of the centre",
          y: "change of 1/r (1/m, positive to the left)",
          series: [
            { name: "the labels' correction", points: OFFSETS.map((x) => ({ x, y: recovery(x, 0) })) },
            line("with shifted and turned views", answers.with),
            line("without", answers.without),
          ],
        },
      ],
    };
  },
};

/** A clone of what the expert does on its own path, in varied light. */
async function withoutViews(sizes: Sizes, seed: number): Promise<NeuralPolicy> {
  return fitted(sizes, await recorded(sizes, seed, 0), seed, []);
}

/**
 * A clone of the same drives seen by three cameras, every view shifted by up to 0.4 m and turned by up to 0.06 rad as it is
 * drawn, the labels of all corrected to lead back within two seconds.
 */
async function withViews(sizes: Sizes, seed: number): Promise<NeuralPolicy> {
  const cameras: Dataset[] = [];
  for (const mount of [0, SIDE_MOUNT, -SIDE_MOUNT]) cameras.push(await recorded(sizes, seed, mount));
  const views = { shift: 0.4, turn: 0.06, correction: recovery, low: -LOCK, high: LOCK };
  const picture = pictureIn(cameras[0].observationSpace);
  return fitted(sizes, concat(...cameras), seed, [viewpoint(picture, sizes.camera, views)]);
}

/** The expert's drives as the camera `mount` metres left of the middle sees them: it drives the same whatever is seen. */
async function recorded({ camera }: Sizes, seed: number, mount: number): Promise<Dataset> {
  const own = trackCamera({ camera, maxSteps: STEPS, mount });
  const data = await rollout(own, driver(own), { episodes: DRIVES, seed: 100 + seed, expert: "driver" });
  const corrected = (a: number) => Math.min(LOCK, Math.max(-LOCK, a + (mount === 0 ? 0 : recovery(mount, 0))));
  return { ...data, actions: Float32Array.from(data.actions, corrected) };
}

/** Behavior cloning; brightness and shadows are changed for both arms, as six drives are few days. */
async function fitted(sizes: Sizes, demos: Dataset, seed: number, views: Augment[]): Promise<NeuralPolicy> {
  const picture = pictureIn(demos.observationSpace);
  const dark = [0, 128, 128];
  const augment = inTurn(...views, light(picture, { range: [0.7, 1.4], dark }), sometimes(0.3, shadow(picture, { dark })));
  const spaces = { observation: demos.observationSpace, action: demos.actionSpace };
  const problem = { demos, policy: cnn(spaces, { scale: "constant", ...sizes.network }), augment };
  return (await train(behaviorCloning, problem, { ...FIT, updates: sizes.updates, seed })).policy;
}

/** The autonomy of each drive on held-out tracks; all cars drive the same ones. */
async function driven(policy: NeuralPolicy, { camera, tests, steps }: Sizes, seed: number): Promise<number[]> {
  const world = trackCamera({ camera, tracks: "held-out", pull: PULL, maxSteps: steps });
  const drives = await rollout(world, policy, { episodes: tests, seed: 1000 + seed, deterministic: true });
  return Array.from({ length: count(drives) }, (_, i) => driving(world.observation, [trajectoryAt(drives, i)]).autonomy);
}

const OFFSETS = Array.from({ length: 17 }, (_, k) => -1.2 + 0.15 * k);

/** How much more a policy steers to the left beside the centre than on it, by `OFFSETS`: the mean over places. */
async function steering(policy: NeuralPolicy, { camera }: Sizes): Promise<number[]> {
  const D = size(policy.observation);
  const picture = pictureIn(policy.observation);
  const sums = OFFSETS.map(() => 0);
  const places = heldOutTracks.flatMap((id) => [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => ({ road: track(id), share })));
  for (const { road, share } of places) {
    const { x, y, heading } = onCentre(road, share * road.centre.length);
    const seen = new Float32Array((OFFSETS.length + 1) * D);
    [0, ...OFFSETS].forEach((d, k) => {
      const [px, py] = [x - d * Math.sin(heading), y + d * Math.cos(heading)];
      takePicture(camera, road, plainLook, { x: px, y: py, heading }, seen, k * D + picture.from);
    });
    const [straight, ...beside] = await policy.act(seen, { deterministic: true });
    beside.forEach((a, k) => {
      sums[k] += (a - straight) / places.length;
    });
  }
  return sums;
}

function line(name: string, answers: readonly number[][]): Series {
  return { name, points: OFFSETS.map((x, k) => ({ x, y: average(answers.map((own) => own[k])) })) };
}

function average(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
