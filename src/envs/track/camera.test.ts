import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/random.ts";
import { driver } from "../../experts/driver.ts";
import { size } from "../../mdp/space.ts";
import { type Camera, cameraOf, dashboardCamera, type Look, plainLook, SIDE_MOUNT, takePicture } from "./camera.ts";
import { mirrored, onCentre, type Road } from "./road.ts";
import { trackCamera } from "./track.ts";
import { track } from "./tracks.ts";

const PIXELS = 66 * 200;

function picture(own: Road, s: number, options: { d?: number; turn?: number; look?: Look; camera?: Camera } = {}): Uint8Array {
  const { d = 0, turn = 0, look = plainLook, camera = dashboardCamera } = options;
  const { x, y, heading } = onCentre(own, s);
  const out = new Uint8Array(3 * PIXELS);
  takePicture(camera, own, look, { x: x - d * Math.sin(heading), y: y + d * Math.cos(heading), heading: heading + turn }, out);
  return out;
}

/** Equality, byte by byte, of arrays too large for a message. */
const alike = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length && Array.prototype.every.call(a, (v, i) => v === b[i]);

/** The columns of the painted (bright) pixels of a row. */
function paint(y: Uint8Array, row: number): number[] {
  return Array.from({ length: 200 }, (_, c) => c).filter((c) => y[row * 200 + c] > 185);
}

describe("a picture of the road", () => {
  it("of the mirrored road from the mirrored place is the mirror image", () => {
    const own = track("cedar");
    const image = mirrored(own);
    const shadows: Look = { ...plainLook, light: 0.9, shade: 0.4, shadow: 0.5 };
    for (const look of [plainLook, shadows]) {
      for (const [s, d, turn] of [
        [10, 0.3, 0],
        [130, -0.7, 0.05],
        [300, 0, -0.1],
      ]) {
        const { x, y, heading } = onCentre(own, s);
        const [px, py] = [x - d * Math.sin(heading), y + d * Math.cos(heading)];
        const a = new Uint8Array(3 * PIXELS);
        const b = new Uint8Array(3 * PIXELS);
        takePicture(dashboardCamera, own, look, { x: px, y: py, heading: heading + turn }, a);
        takePicture(dashboardCamera, image, look, { x: px, y: -py, heading: -heading - turn }, b);
        let differ = 0;
        for (let row = 0; row < 3 * 66; row++) {
          for (let c = 0; c < 200; c++) if (Math.abs(a[row * 200 + c] - b[row * 200 + 199 - c]) > 1) differ++;
        }
        expect(differ).toBeLessThan(0.002 * a.length); // rounding puts a few places in the neighbouring cell of the ground
      }
    }
  });

  it("has the lines of a straight road where the pinhole camera puts them, and moves them right as the car moves left", () => {
    const own = track("birch");
    const straight = own.centre.curvature.reduce((best, k, i, all) => (Math.abs(k) < Math.abs(all[best]) ? i : best), 0);
    const s = straight * own.centre.spacing;
    const row = 60;
    const Z = (143 * 1.4) / (row + 0.5 - 22);
    const column = (left: number) => 99.5 - (143 * left) / Z;
    const middle = paint(picture(own, s - 5), row);
    expect(Math.abs(Math.min(...middle) - column(1.95))).toBeLessThan(4);
    expect(Math.abs(Math.max(...middle) - column(-1.95))).toBeLessThan(4);
    const left = paint(picture(own, s - 5, { d: 0.4 }), row);
    const moved = Math.max(...middle) - Math.max(...left);
    expect(Math.abs(moved + (143 * 0.4) / Z)).toBeLessThan(3);
  });

  it("through the left camera is what a car to the left would see", () => {
    const own = track("fir");
    for (const s of [0, 77, 210]) {
      const side = picture(own, s, { camera: { ...dashboardCamera, left: SIDE_MOUNT } });
      expect(alike(side, picture(own, s, { d: SIDE_MOUNT }))).toBe(true);
      expect(alike(side, picture(own, s))).toBe(false);
    }
  });

  it("of fewer pixels is the large one averaged: the same road through the same lens", () => {
    const own = track("oak");
    const large = cameraOf(99, 300);
    const small = cameraOf(33, 100);
    expect(cameraOf(66, 200)).toEqual(dashboardCamera);
    for (const s of [0, 90, 250]) {
      const { x, y, heading } = onCentre(own, s);
      const [fine, coarse] = [new Uint8Array(3 * 99 * 300), new Uint8Array(3 * 33 * 100)];
      takePicture(large, own, plainLook, { x, y, heading }, fine);
      takePicture(small, own, plainLook, { x, y, heading }, coarse);
      let off = 0;
      for (let row = 0; row < 33; row++) {
        for (let c = 0; c < 100; c++) {
          let sum = 0;
          for (let k = 0; k < 9; k++) sum += fine[(3 * row + Math.floor(k / 3)) * 300 + 3 * c + (k % 3)];
          off += Math.abs(sum / 9 - coarse[row * 100 + c]);
        }
      }
      expect(off / 3300).toBeLessThan(6); // of 255; the ground's grain is finer than a pixel
    }
    expect(() => cameraOf(0, 25)).toThrow(/height of a picture is a positive whole number of pixels, found 0/);
  });

  it("in a world with another camera has its sides, and the expert drives there as anywhere", () => {
    const env = trackCamera({ camera: cameraOf(19, 25), varied: false });
    const usual = trackCamera({ varied: false });
    expect(size(env.observation)).toBe(3 * 19 * 25 + 18);
    const [small, large] = [env, usual].map((own) => {
      const world = own.vector(1);
      const expert = driver(own);
      let last = world.reset(3);
      for (let t = 0; t < 30; t++) last = world.step(expert.label(last)).observations;
      expect(world.draw(0)).toContain("<image");
      return Array.from(last.slice(-18));
    });
    expect(small).toEqual(large);
  });

  it("has the light, the noise and the shadows that it is given", () => {
    const own = track("alder");
    const mean = (p: Uint8Array) => p.subarray(0, PIXELS).reduce((a, b) => a + b, 0) / PIXELS;
    const plain = picture(own, 50);
    expect(mean(picture(own, 50, { look: { ...plainLook, light: 0.5 } })) / mean(plain)).toBeCloseTo(0.5, 2);
    const noisy = picture(own, 50, { look: { ...plainLook, noise: 5, frame: 17 } });
    let squares = 0;
    for (let p = 0; p < PIXELS; p++) squares += (noisy[p] - plain[p]) ** 2;
    expect(Math.sqrt(squares / PIXELS)).toBeGreaterThan(4.5);
    expect(Math.sqrt(squares / PIXELS)).toBeLessThan(5.5);
    expect(alike(noisy.subarray(PIXELS), plain.subarray(PIXELS))).toBe(true);
    expect(alike(picture(own, 50, { look: { ...plainLook, noise: 5, frame: 18 } }), noisy)).toBe(false);
    const shaded = picture(own, 50, { look: { ...plainLook, shade: 0.5, shadow: 0.5 } });
    expect(mean(shaded)).toBeLessThan(mean(plain) - 3);
    expect(alike(shaded.subarray(0, 22 * 200), plain.subarray(0, 22 * 200))).toBe(true); // the sky casts none
  });

  it("comes from the seed alone: the same drives give the same pictures, another seed another one", () => {
    const film = (seed: number) => {
      const world = trackCamera().vector(2);
      world.reset(seed);
      const steer = rng(8);
      let last: ArrayLike<number> = [];
      for (let t = 0; t < 12; t++)
        last = world.step(Float32Array.of(steer.uniform(-0.1, 0.1), steer.uniform(-0.1, 0.1))).observations;
      expect(Array.prototype.every.call(last, (v) => Number.isInteger(v) && v >= 0 && v <= 255)).toBe(true);
      return Uint8Array.from(last);
    };
    const one = film(11);
    expect(alike(film(11), one)).toBe(true);
    expect(alike(film(12), one)).toBe(false);
    expect(alike(one.subarray(0, one.length / 2), one.subarray(one.length / 2))).toBe(false);
  });
});
