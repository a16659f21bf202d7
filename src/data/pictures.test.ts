import { describe, expect, it } from "vitest";
import { rng } from "../autodiff/random.ts";
import { dashboardCamera, LOCK, plainLook, recovery, takePicture } from "../envs/track/index.ts";
import { onCentre } from "../envs/track/road.ts";
import { track } from "../envs/track/tracks.ts";
import { inTurn, sometimes } from "./augment.ts";
import { light, mirror, reproject, shadow, viewpoint } from "./pictures.ts";

const part = { from: 0, channels: 3, height: 66, width: 200 };
const SIZE = 3 * 66 * 200;

function view(s: number, d: number, turn: number): Float32Array {
  const { x, y, heading } = onCentre(track("hazel"), s);
  const out = new Float32Array(SIZE);
  const [px, py] = [x - d * Math.sin(heading), y + d * Math.cos(heading)];
  takePicture(dashboardCamera, track("hazel"), plainLook, { x: px, y: py, heading: heading + turn }, out);
  return out;
}

const distance = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;
const alike = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.prototype.every.call(a, (v, i) => v === b[i]);

describe("a view by re-projection of the ground", () => {
  it("is close to what the camera sees from there: shifted left and right, turned left and right", () => {
    for (const [s, d, turn] of [
      [0, 0.4, 0],
      [60, -0.4, 0],
      [140, 0, 0.06],
      [200, 0, -0.06],
      [250, 0.4, -0.05],
      [300, -0.5, -0.05],
    ]) {
      const [from, there, found] = [view(s, 0, 0), view(s, d, turn), new Float32Array(SIZE)];
      reproject(from, part, dashboardCamera, d, turn, found);
      expect(distance(found, there)).toBeLessThan(0.35 * distance(from, there));
      const wrongWay = new Float32Array(SIZE);
      reproject(from, part, dashboardCamera, -d, -turn, wrongWay);
      expect(distance(wrongWay, there)).toBeGreaterThan(distance(from, there));
    }
  });

  it("from where the camera stands is the picture itself", () => {
    const from = view(80, 0, 0);
    const found = new Float32Array(SIZE);
    reproject(from, part, dashboardCamera, 0, 0, found);
    expect(distance(found, from)).toBeLessThan(0.02);
  });

  it("comes with an action that leads back: to the right for a view from the left", () => {
    const options = { shift: 0.5, turn: 0.05, correction: recovery, low: -LOCK, high: LOCK };
    const change = viewpoint(part, dashboardCamera, options);
    for (let k = 0; k < 20; k++) {
      const a = Float32Array.of(0.01);
      change(view(100, 0, 0), a, rng(k));
      const draws = rng(k);
      const [offset, turn] = [draws.uniform(-0.5, 0.5), draws.uniform(-0.05, 0.05)];
      expect(a[0]).toBeCloseTo(Math.min(LOCK, Math.max(-LOCK, 0.01 + recovery(offset, turn))), 6);
      if (turn > 0 && offset > 0) expect(a[0]).toBeLessThan(0.01);
    }
    const a = Float32Array.of(LOCK - 0.001);
    viewpoint(part, dashboardCamera, { ...options, correction: () => 1 })(view(100, 0, 0), a, rng(1));
    expect(a[0]).toBeCloseTo(LOCK, 6);
  });
});

describe("changes of pictures", () => {
  it("a mirror twice is nothing; once, left is right in every plane, and the action changes its sign", () => {
    const s = view(30, 0.3, 0);
    const once = s.slice();
    const a = Float32Array.of(0.04);
    const both = mirror(part);
    both(once, a, rng(0));
    expect(a[0]).toBeCloseTo(-0.04, 6);
    for (const p of [0, 13_200 + 400, 26_400 + 65 * 200]) expect(once[p + 17]).toBe(s[p + 182]);
    both(once, a, rng(0));
    expect(alike(once, s)).toBe(true);
    const signs = Float32Array.of(1, 2);
    mirror(part, [-1, 1])(s, signs, rng(0));
    expect(Array.from(signs)).toEqual([-1, 2]);
  });

  it("a mirrored picture of a road is the picture of the mirrored turn: cloning it is consistent", () => {
    // 1 m left of the centre, mirrored, is 1 m right of it: the expert's answers are negatives of each other.
    expect(recovery(0.7, -0.1)).toBe(-recovery(-0.7, 0.1));
  });

  it("light multiplies what is not dark, in colours around grey, and leaves the action", () => {
    const s = Float32Array.of(100, 40, 128, 138, 118, 128);
    const own = { from: 0, channels: 3, height: 1, width: 2 };
    const a = Float32Array.of(0.5);
    light(own, { range: [0.5, 0.5], dark: [0, 128, 128] })(s, a, rng(1));
    expect(Array.from(s)).toEqual([50, 20, 128, 133, 123, 128]);
    light(own, { range: [100, 100], dark: [0, 128, 128] })(s, a, rng(1));
    expect(Array.from(s)).toEqual([255, 255, 128, 255, 0, 128]);
    expect(a[0]).toBe(0.5);
  });

  it("a shadow darkens one side of a line and nothing else", () => {
    const before = new Float32Array(SIZE).fill(200);
    let [dark, bright] = [0, 0];
    for (let k = 0; k < 10; k++) {
      const s = before.slice();
      shadow(part, { range: [0.5, 0.5] })(s, Float32Array.of(0), rng(k));
      dark += s.filter((v) => v === 100).length;
      bright += s.filter((v) => v === 200).length;
      for (let row = 0; row < 66; row++) {
        const line = Array.from(s.subarray(row * 200, row * 200 + 200));
        const changes = line.slice(1).filter((v, c) => v !== line[c]).length;
        expect(changes).toBeLessThanOrEqual(1);
      }
    }
    expect(dark + bright).toBe(10 * SIZE);
    expect(dark).toBeGreaterThan(SIZE);
    expect(bright).toBeGreaterThan(SIZE);
  });

  it("sometimes happen as often as they say, and in turn each with its own chance", () => {
    let times = 0;
    const random = rng(3);
    const change = sometimes(0.3, () => {
      times++;
    });
    for (let k = 0; k < 2000; k++) change(new Float32Array(1), new Float32Array(1), random.split(k));
    expect(Math.abs(times / 2000 - 0.3)).toBeLessThan(0.04);
    const seen: number[] = [];
    const note = (_s: Float32Array, _a: unknown, own: { float(): number }) => {
      seen.push(own.float());
    };
    inTurn(note, note)(new Float32Array(1), new Float32Array(1), rng(1));
    inTurn(() => rng(0).float(), note)(new Float32Array(1), new Float32Array(1), rng(1));
    expect(seen[0]).not.toBe(seen[1]);
    expect(seen[2]).toBe(seen[1]); // the second change doesn't depend on what the first one drew
    expect(() => sometimes(1.5, note)).toThrow(/takes a probability, found 1.5/);
  });
});
