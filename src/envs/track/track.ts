import type { Rng } from "../../autodiff/random.ts";
import type { Env } from "../../mdp/env.ts";
import { box, bytes, dict, size } from "../../mdp/space.ts";
import { batched, type Dynamics, savedRows } from "../vector.ts";
import { type Camera, dashboardCamera, type Look, plainLook, takePicture } from "./camera.ts";
import { type Car, driveCar, LOCK, SPEED, STEP, wheelsFor } from "./car.ts";
import { drawnFromAbove } from "./picture.ts";
import { locate, onCentre, type Road } from "./road.ts";
import { STATE_HIGH, STATE_LOW, STATE_SIZE, stateToBytes, writeState } from "./road-state.ts";
import { heldOutTracks, track, trainingTracks } from "./tracks.ts";

export interface TrackOptions {
  /** The ids of the tracks that episodes are driven on, either way round; `training` and `held-out` stand for those sets. */
  readonly tracks?: "training" | "held-out" | readonly string[];
  /** The car is put back to the centre when it is farther from it than this, m: 1 for an intervention, 2.3 for a fall off the road. */
  readonly putBackAt?: number;
  /**
   * How strongly ruts and camber pull the car to a side: the standard deviation of the inverse radius that they add to what is
   * steered, 1/m. The pull wanders from one side to the other in about a second. 0 by default, a smooth road.
   */
  readonly pull?: number;
  readonly maxSteps?: number;
}

export interface TrackCameraOptions extends TrackOptions {
  /** What takes the pictures: by default the dashboard's camera of 66 rows by 200 columns. */
  readonly camera?: Camera;
  /** Metres that the camera is left of where it usually is; 0 by default. */
  readonly mount?: number;
  /** Whether light, shadows and noise differ between episodes; otherwise it is plain daylight. */
  readonly varied?: boolean;
}

/** An intervention costs what six seconds of driving are worth (Bojarski et al. 2016). */
export const INTERVENTION_SECONDS = 6;

/**
 * track-camera: a car drives along a closed road at 10 m/s and sees a picture ten times a second; it steers. Observation: a
 * dictionary of bytes, `camera` `[3, rows, columns]` (planes Y, U, V; 66 x 200 by default) and `hidden` `[18]`, the state behind the picture for experts and
 * measures, which a camera policy doesn't read (`roadStates` decodes it). Action: the inverse turning radius 1/r in 1/m, positive to
 * the left, -0.125 to 0.125. An episode begins on the centre line, somewhere on one of the tracks, one way round or the other. Reward:
 * 1 a step, less 60 where the car got more than 1 m off the centre and was put back: so 100 times the mean reward is the autonomy of
 * Bojarski et al. 2016, (1 − 6 s · interventions / elapsed s) · 100. It never ends and is cut at 600 steps (a minute).
 */
export function trackCamera(options: TrackCameraOptions = {}): Env {
  const { camera: usual = dashboardCamera, mount = 0, varied = true } = options;
  const camera: Camera = { ...usual, left: usual.left + mount };
  const PICTURE = 3 * camera.height * camera.width;
  const observation = dict({ camera: bytes([3, camera.height, camera.width]), hidden: bytes([2 * STATE_SIZE]) });
  const D = size(observation);
  const state = new Float64Array(STATE_SIZE);
  return world("track-camera", options, { camera, varied }, observation, (car, out, from) => {
    takePicture(camera, car.road, car.look, car, out, from * D);
    writeState(car.road, placeOf(car), car, state, 0);
    stateToBytes(state, 0, out, from * D + PICTURE);
  });
}

/**
 * track-state: the same car, its observation the state that the pictures hide, `[9]`: metres left of the centre, direction against the
 * road's (rad), inverse radius of the wheels, the road's curvature 1, 5, 10, 15 and 20 m ahead (1/m), the share of the lap.
 */
export function trackState(options: TrackOptions = {}): Env {
  const observation = box([STATE_SIZE], STATE_LOW, STATE_HIGH);
  return world("track-state", options, {}, observation, (car, out, from) => {
    writeState(car.road, placeOf(car), car, out, from * STATE_SIZE);
  });
}

/** One car of a batch, as it stands in its row of numbers. */
interface Driven extends Car {
  readonly road: Road;
  readonly look: Look;
}

/** The entries of a car's row. */
const [ROAD, X, Y, HEADING, WHEELS, LIGHT, NOISE, SHADE, SHADOW, SHADOW_X, SHADOW_Y, FRAME, PULL] = Array(13).keys();
const ROW = 13;

/** How much of a pull is left after a step: it is forgotten in a second. */
const KEPT = Math.exp(-STEP);

function world(
  name: string,
  options: TrackOptions,
  { camera, varied = false }: { camera?: Camera; varied?: boolean },
  observation: Env["observation"],
  show: (car: Driven, out: Float32Array, row: number) => void,
): Env {
  const { tracks = "training", putBackAt = 1, pull = 0, maxSteps = 600 } = options;
  if (!(putBackAt > 0 && putBackAt <= 4)) {
    throw new RangeError(`${name}: putBackAt is ${putBackAt} m off the centre, expected a number above 0 and up to 4`);
  }
  if (!(pull >= 0 && pull <= LOCK)) throw new RangeError(`${name}: pull is ${pull} 1/m, expected 0 to ${LOCK}`);
  const ids = tracks === "training" ? trainingTracks : tracks === "held-out" ? heldOutTracks : tracks;
  if (ids.length === 0) throw new RangeError(`${name}: tracks is empty, expected at least one id, such as ${trainingTracks[0]}`);
  const roads = ids.flatMap((id) => (id.includes("/") ? [track(id)] : [track(id), track(`${id}/back`)]));
  const id = tracks === "held-out" ? `${name}-held-out` : name;
  const action = box([1], -LOCK, LOCK);

  return batched({
    id,
    observation,
    action,
    maxSteps,
    dynamics: (n): Dynamics => {
      const rows = new Float64Array(n * ROW);
      const read = (i: number): Driven => {
        const own = rows.subarray(i * ROW, (i + 1) * ROW);
        const look = {
          light: own[LIGHT],
          noise: own[NOISE],
          shade: own[SHADE],
          shadow: own[SHADOW],
          shadowX: own[SHADOW_X],
          shadowY: own[SHADOW_Y],
          frame: own[FRAME],
        };
        return { road: roads[own[ROAD]], x: own[X], y: own[Y], heading: own[HEADING], wheels: own[WHEELS], look };
      };
      const put = (i: number, car: Car) => {
        const own = rows.subarray(i * ROW, (i + 1) * ROW);
        [own[X], own[Y], own[HEADING], own[WHEELS]] = [car.x, car.y, car.heading, car.wheels];
      };
      return {
        reset: (i, random) => {
          const own = rows.subarray(i * ROW, (i + 1) * ROW);
          own[ROAD] = random.integer(roads.length);
          put(i, atCentre(roads[own[ROAD]], random.float() * roads[own[ROAD]].centre.length));
          own.set(looks(varied, random), LIGHT);
          own[PULL] = 0;
        },
        step: (actions, idle, randoms, rewards, terminated) => {
          for (let i = 0; i < n; i++) {
            if (idle[i] !== 0) continue;
            const car = read(i);
            const before = placeOf(car);
            driveCar(car, actions[i]);
            if (pull > 0) {
              const own = KEPT * rows[i * ROW + PULL] + Math.sqrt(1 - KEPT ** 2) * pull * randoms[i].normal();
              rows[i * ROW + PULL] = own;
              car.heading += SPEED * STEP * own;
            }
            const place = locate(car.road, car.x, car.y);
            const off = place === undefined || Math.abs(place.d) > putBackAt;
            put(i, off ? atCentre(car.road, (place ?? before).s) : car);
            if (car.look.noise > 0) rows[i * ROW + FRAME] = randoms[i].next();
            rewards[i] = off ? 1 - INTERVENTION_SECONDS / STEP : 1;
            terminated[i] = 0;
          }
        },
        observe: (from, to, out) => {
          for (let i = from; i < to; i++) show(read(i), out, i);
        },
        ...savedRows(`${id}: world`, rows),
        draw: (i) => {
          const car = read(i);
          return drawnFromAbove(id, car.road, car, placeOf(car), camera && { camera, look: car.look });
        },
      };
    },
  });
}

/** A car that stands in the middle of its road, its wheels as the road bends. */
function atCentre(road: Road, s: number): Car {
  const { x, y, heading } = onCentre(road, s);
  const place = locate(road, x, y)!;
  return { x, y, heading, wheels: wheelsFor(place.curvature) };
}

function placeOf(car: Driven) {
  return locate(car.road, car.x, car.y)!;
}

/** LIGHT .. FRAME of an episode. */
function looks(varied: boolean, random: Rng): number[] {
  if (!varied) return [plainLook.light, 0, 0, 0, 0, 0, 0];
  const light = Math.exp(random.uniform(Math.log(0.6), Math.log(1.35)));
  const noise = random.uniform(1, 6);
  const shade = random.uniform(0, 0.5);
  const shadow = random.uniform(0.2, 0.6);
  return [light, noise, shade, shadow, random.uniform(0, 128), random.uniform(0, 128), random.next()];
}
