import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/random.ts";
import { driver } from "../../experts/driver.ts";
import type { Env } from "../../mdp/env.ts";
import { size } from "../../mdp/space.ts";
import { type Car, curvatureOf, driveCar, LOCK, recovery, SPEED, STEP, wheelsFor } from "./car.ts";
import { driving, roadStates } from "./metrics.ts";
import { curvatureAt, locate, mirrored, onCentre, road } from "./road.ts";
import { STATE_HIGH, STATE_LOW, STATE_SIZE, stateFromBytes, stateToBytes } from "./road-state.ts";
import { closedSpline, turned } from "./spline.ts";
import { trackCamera, trackState } from "./track.ts";
import { heldOutTracks, track, trainingTracks } from "./tracks.ts";

const ids = [...trainingTracks, ...heldOutTracks];

/** A road around a circle, counterclockwise. */
const circle = (radius: number) =>
  road(
    Array.from({ length: 36 }, (_, k) => {
      const angle = (2 * Math.PI * k) / 36;
      return [radius * Math.cos(angle), radius * Math.sin(angle)] as const;
    }),
  );

describe("a closed spline", () => {
  it("around a circle has the circle's curvature everywhere, and its length", () => {
    const { curvature, length, x, y } = circle(40).centre;
    const r = Math.hypot(x[0], y[0]);
    for (const k of curvature) expect(k * r).toBeCloseTo(1, 2);
    expect(length / (2 * Math.PI * r)).toBeCloseTo(1, 4);
  });

  it.each(ids)("%s: its curvature integrates to one full turn, whichever way round", (id) => {
    for (const [way, turn] of [
      ["", 2 * Math.PI],
      ["/back", -2 * Math.PI],
    ] as const) {
      const { centre } = track(`${id}${way}`);
      expect(centre.curvature.reduce((sum, k) => sum + k * centre.spacing, 0)).toBeCloseTo(turn, 4);
    }
  });

  it.each(ids)("%s: the direction is the derivative of the place, and the curvature that of the direction", (id) => {
    const { x, y, heading, curvature, spacing } = track(id).centre;
    for (let i = 1; i < x.length - 1; i += 7) {
      expect((x[i + 1] - x[i - 1]) / (2 * spacing)).toBeCloseTo(Math.cos(heading[i]), 3);
      expect((y[i + 1] - y[i - 1]) / (2 * spacing)).toBeCloseTo(Math.sin(heading[i]), 3);
      expect((heading[i + 1] - heading[i - 1]) / (2 * spacing)).toBeCloseTo(curvature[i], 3);
    }
  });

  it.each(ids)("%s: turns both ways, no tighter than 14 m, 400 to 480 m round", (id) => {
    const { curvature, length } = track(id).centre;
    expect(Math.max(...curvature.map(Math.abs))).toBeLessThan(1 / 14);
    expect(Math.min(...curvature)).toBeLessThan(-0.01);
    expect(Math.max(...curvature)).toBeGreaterThan(0.03);
    expect(length).toBeGreaterThan(400);
    expect(length).toBeLessThan(480);
  });

  it("needs four points", () => {
    const three = [0, 1, 2].map((k) => [k, k * k] as const);
    expect(() => closedSpline(three, 1)).toThrow(/at least 4 control points, found 3/);
  });
});

describe("a place on a road", () => {
  it("is found again: what is d metres left of the centre at s lies at (s, d)", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ids),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (id, share, d) => {
          const own = track(id);
          const s = share * own.centre.length * 0.999;
          const { x, y, heading } = onCentre(own, s);
          const found = locate(own, x - d * Math.sin(heading), y + d * Math.cos(heading))!;
          expect(found.d).toBeCloseTo(d, 2);
          expect(turned((2 * Math.PI * (found.s - s)) / own.centre.length)).toBeCloseTo(0, 3);
          expect(Math.abs(turned(found.heading - heading))).toBeLessThan(0.01);
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });

  it("to the left of the direction of travel is positive: inside a counterclockwise circle", () => {
    const own = circle(40);
    const r = Math.hypot(own.centre.x[0], own.centre.y[0]);
    expect(locate(own, r - 1.5, 0)!.d).toBeCloseTo(1.5, 2);
    expect(locate(own, r + 1.5, 0)!.d).toBeCloseTo(-1.5, 2);
    expect(locate(own, 0, 0)).toBeUndefined();
  });

  it("on the mirrored road mirrors: same arc length, offset and curvature with the other sign", () => {
    const own = track("elm");
    const image = mirrored(own);
    const random = rng(3);
    for (let k = 0; k < 100; k++) {
      const { x, y, heading } = onCentre(own, random.float() * own.centre.length);
      const d = random.uniform(-3, 3);
      const [px, py] = [x - d * Math.sin(heading), y + d * Math.cos(heading)];
      const [a, b] = [locate(own, px, py)!, locate(image, px, -py)!];
      expect(b.s).toBeCloseTo(a.s, 6);
      expect(b.d).toBeCloseTo(-a.d, 6);
      expect(b.curvature).toBeCloseTo(-a.curvature, 6);
    }
  });

  it("of an unknown track is refused with the nearest ids", () => {
    expect(() => track("rowen")).toThrow(/^unknown track "rowen"; the nearest are rowan, [^\n]+$/);
  });
});

describe("the car", () => {
  const at = (): Car => ({ x: 0, y: 0, heading: 0, wheels: 0 });

  it("with its wheels held drives a circle of the radius that was asked for, to the left when it is positive", () => {
    for (const curvature of [0.05, -0.1]) {
      const car = { ...at(), wheels: wheelsFor(curvature) };
      const steps = Math.round((2 * Math.PI) / Math.abs(curvature) / (SPEED * STEP) / 4); // a quarter round
      for (let t = 0; t < steps; t++) driveCar(car, curvature);
      const turn = curvature * SPEED * STEP * steps;
      expect(car.x).toBeCloseTo(Math.sin(turn) / curvature, 2);
      expect(car.y).toBeCloseTo((1 - Math.cos(turn)) / curvature, 2);
      expect(Math.sign(car.y)).toBe(Math.sign(curvature));
      expect(curvatureOf(car.wheels)).toBeCloseTo(curvature, 9);
    }
  });

  it("turns its wheels no faster than 1 rad/s", () => {
    const car = at();
    driveCar(car, LOCK);
    expect(car.wheels).toBeCloseTo(0.1, 9);
  });

  it("steered by the correction of the labels comes back from 1 m off and 0.1 rad within two seconds, to a twentieth", () => {
    for (const [offset, angle] of [
      [1, 0],
      [-1, 0],
      [0.8, 0.1],
      [-0.6, 0.1],
      [0, -0.1],
    ]) {
      const car = { x: 0, y: offset, heading: angle, wheels: 0 };
      const greatest = Math.max(Math.abs(offset), Math.abs(angle) * 5);
      for (let t = 0; t < 20; t++) driveCar(car, recovery(car.y, car.heading));
      expect(Math.abs(car.y)).toBeLessThan(0.05 * greatest + 0.02);
      for (let t = 0; t < 20; t++) driveCar(car, recovery(car.y, car.heading));
      expect(Math.abs(car.y)).toBeLessThan(0.01);
    }
  });
});

/** Equality, entry by entry, of arrays too large for a message. */
const alike = (a: Float32Array, b: Float32Array) => a.length === b.length && a.every((value, i) => value === b[i]);

/** The driver's answers, one car at a time. */
const expertOf = (env: Env) => {
  const expert = driver(env);
  return (o: Float32Array) => expert.label(o);
};

/** Drives `steps` steps of one copy; gives what was seen, one row more than rewards. */
function driven(env: Env, act: (o: Float32Array) => ArrayLike<number>, seed: number, steps: number) {
  const world = env.vector(1, { autoreset: "disabled" });
  const D = size(env.observation);
  const observations = new Float32Array((steps + 1) * D);
  const rewards = new Float64Array(steps);
  let seen = world.reset(seed);
  observations.set(seen, 0);
  for (let t = 0; t < steps; t++) {
    const step = world.step(Float32Array.from(act(seen)));
    seen = step.observations;
    observations.set(seen, (t + 1) * D);
    rewards[t] = step.rewards[0];
  }
  return { observations, rewards };
}

describe("the track environments", () => {
  it("show the same drive: the hidden state of the pictures is what track-state shows, to a byte pair", () => {
    const camera = trackCamera({ varied: false });
    const state = trackState();
    const a = driven(camera, expertOf(camera), 5, 40);
    const b = driven(state, expertOf(state), 5, 40);
    const [seen, known] = [roadStates(camera.observation, a.observations), roadStates(state.observation, b.observations)];
    for (let k = 0; k < seen.length; k++) {
      const range = STATE_HIGH[k % STATE_SIZE] - STATE_LOW[k % STATE_SIZE];
      expect(Math.abs(seen[k] - known[k])).toBeLessThan(range * 1e-4);
    }
  });

  it("a car that goes straight on leaves the road, is put back on its centre, and pays for it", () => {
    const env = trackState({ maxSteps: 300 });
    const { observations, rewards } = driven(env, () => [0], 2, 300);
    const off = Array.from(rewards.keys()).filter((t) => rewards[t] < 0);
    expect(off.length).toBeGreaterThan(10);
    for (const t of off) {
      expect(rewards[t]).toBe(-59);
      expect(Math.abs(observations[(t + 1) * STATE_SIZE])).toBeLessThan(0.01);
      expect(Math.abs(observations[(t + 1) * STATE_SIZE + 1])).toBeLessThan(0.01);
    }
    for (let t = 0; t < 300; t++) expect(Math.abs(observations[t * STATE_SIZE])).toBeLessThanOrEqual(1);
    const wider = driving(env.observation, [driven(trackState({ putBackAt: 2.3 }), () => [0], 2, 300)]);
    const found = driving(env.observation, [{ observations, rewards }]);
    expect(found.interventions).toBe(off.length);
    expect(found.autonomy).toBeCloseTo(100 * (rewards.reduce((x, y) => x + y) / 300), 9);
    expect(found.autonomy).toBeCloseTo((1 - (6 * off.length) / 30) * 100, 9);
    expect(wider.interventions).toBeLessThan(found.interventions);
    expect(wider.greatestOff).toBeGreaterThan(1.5);
  });

  it("a rough road pulls the car about: the expert stays within the lane, farther from its middle than on a smooth one", () => {
    const off = [0, 0.006, 0.012].map((pull) => {
      const env = trackState({ pull });
      const episodes = [1, 2, 3].map((seed) => driven(env, expertOf(env), seed, 600));
      const { meanOff, autonomy } = driving(env.observation, episodes);
      expect(autonomy).toBe(100);
      return meanOff;
    });
    expect(off[1]).toBeGreaterThan(2 * off[0]);
    expect(off[2] / off[1]).toBeGreaterThan(1.6);
    expect(off[2]).toBeLessThan(0.2);
    expect(() => trackState({ pull: -1 })).toThrow(/pull is -1 1\/m, expected 0 to 0.125/);
  });

  it("laps are counted across the road's beginning: 600 steps of 1 m on roads of 400 to 480 m", () => {
    const env = trackState();
    for (const seed of [1, 2, 3, 4]) {
      const { laps, autonomy, meanOff } = driving(env.observation, [driven(env, expertOf(env), seed, 600)]);
      expect(laps).toBeGreaterThan(600 / 480 - 0.02);
      expect(laps).toBeLessThan(600 / 400 + 0.02);
      expect(autonomy).toBe(100);
      expect(meanOff).toBeLessThan(0.05);
    }
  });

  it("the expert drives every track both ways round without leaving the middle metre, from pictures too", () => {
    for (const id of ids) {
      const env = trackState({ tracks: [id, `${id}/back`] });
      for (const seed of [0, 1]) {
        const { greatestOff } = driving(env.observation, [driven(env, expertOf(env), seed, 450)]);
        expect(greatestOff).toBeLessThan(0.1);
      }
    }
    const held = trackCamera({ tracks: "held-out" });
    const { greatestOff, autonomy } = driving(held.observation, [driven(held, expertOf(held), 1, 100)]);
    expect(autonomy).toBe(100);
    expect(greatestOff).toBeLessThan(0.1);
  });

  it("a drive taken out and put back goes on bit for bit, pictures, noise and all", () => {
    const env = trackCamera();
    const one = env.vector(2);
    const other = env.vector(2);
    const steer = (t: number) => Float32Array.of(0.05 * Math.sin(t), -0.04);
    one.reset(4);
    for (let t = 0; t < 30; t++) one.step(steer(t));
    const restored = other.restore(one.state()).slice();
    expect(alike(restored, one.restore(one.state()))).toBe(true);
    for (let t = 30; t < 60; t++) {
      const [a, b] = [one.step(steer(t)), other.step(steer(t))];
      expect(b.rewards).toEqual(a.rewards);
      expect(alike(a.observations, b.observations)).toBe(true);
    }
  });

  it("the curvature that the state tells is the road's, ahead of the car", () => {
    const env = trackState({ tracks: ["oak"] });
    const { observations } = driven(env, expertOf(env), 3, 60);
    for (let t = 0; t < 55; t++) {
      // 5 m ahead now is 1 m ahead in 4 m, 0.4 s
      expect(observations[t * STATE_SIZE + 4]).toBeCloseTo(observations[(t + 4) * STATE_SIZE + 3], 2);
    }
    expect(curvatureAt(track("oak"), -1)).toBeCloseTo(curvatureAt(track("oak"), track("oak").centre.length - 1), 9);
  });

  it("states survive as bytes to a part in 65535 of their range", () => {
    const state = new Float64Array([0.31, -0.02, 0.05, 0.01, -0.02, 0.03, 0.04, -0.05, 0.75]);
    const bytes = new Uint8Array(2 * STATE_SIZE);
    const back = new Float64Array(STATE_SIZE);
    stateToBytes(state, 0, bytes, 0);
    stateFromBytes(bytes, 0, back, 0);
    for (let k = 0; k < STATE_SIZE; k++)
      expect(Math.abs(back[k] - state[k])).toBeLessThan((STATE_HIGH[k] - STATE_LOW[k]) / 65535);
  });

  it("refuse a distance at which the car would never be put back, and no tracks", () => {
    expect(() => trackCamera({ putBackAt: 9 })).toThrow(/putBackAt is 9 m off the centre, expected a number above 0 and up to 4/);
    expect(() => trackState({ tracks: [] })).toThrow(/tracks is empty, expected at least one id/);
  });
});
