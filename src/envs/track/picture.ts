import { ink, path, picture, text } from "../picture.ts";
import { type Camera, type Look, takePicture } from "./camera.ts";
import type { Car } from "./car.ts";
import { coloured, dataUri, png } from "./png.ts";
import { HALF_WIDTH, type Place, type Road } from "./road.ts";

const SIZE = 480;
const MARGIN = 24;
/** The car is drawn this much larger than the road, so that it can be found. */
const ENLARGED = 2.5;
/** Of what the camera sees: the highest frame, and the most pixels that are drawn. */
const HIGHEST = 240;
const MOST_PIXELS = 20_000;
const CAR = "#b3261e";

/** A road from above, with the car on it and the corner that it looks into; above it, what its camera sees. */
export function drawnFromAbove(id: string, road: Road, car: Car, place: Place, seen?: { camera: Camera; look: Look }): string {
  const { x, y, length } = road.centre;
  const least = (values: Float64Array) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: Float64Array) => values.reduce((a, b) => Math.max(a, b));
  const [left, right, bottom, top] = [least(x), most(x), least(y), most(y)];
  const scale = (SIZE - 2 * MARGIN) / Math.max(right - left, top - bottom);
  const above = seen ? Math.round(frameOf(seen.camera).height) + MARGIN : 0;
  const height = Math.round((top - bottom) * scale + 2 * MARGIN + 36 + above);
  const at = (px: number, py: number) => [MARGIN + (px - left) * scale, above + MARGIN + (top - py) * scale] as const;
  const ring = Array.from({ length: Math.ceil(x.length / 8) + 1 }, (_, k) => at(x[(8 * k) % x.length], y[(8 * k) % x.length]));
  /** A place in the car's own frame: metres ahead of the rear axle and to the left. */
  const ofCar = (ahead: number, side: number) =>
    at(
      car.x + ahead * Math.cos(car.heading) - side * Math.sin(car.heading),
      car.y + ahead * Math.sin(car.heading) + side * Math.cos(car.heading),
    );
  const points = (corners: readonly (readonly [number, number])[]) =>
    corners.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
  const view = points([ofCar(2, 0), ofCar(25, 17.5), ofCar(25, -17.5)]);
  const [back, front] = [-1 * ENLARGED, 3.5 * ENLARGED];
  const body = points([ofCar(back, 2), ofCar(front, 1.2), ofCar(front, -1.2), ofCar(back, -2)]);
  const words = `${Math.abs(place.d).toFixed(2)} m ${place.d >= 0 ? "left" : "right"} of the centre, ${place.s.toFixed(0)} of ${length.toFixed(0)} m round`;
  return picture(`${id}: ${words}`, SIZE, height, [
    ...(seen ? [photograph(road, car, seen.camera, seen.look)] : []),
    path(ring, ink.light, Math.max(3, 2 * HALF_WIDTH * scale)),
    `<polyline points="${points(ring)}" fill="none" stroke="${ink.paper}" stroke-width="1" stroke-dasharray="5 5"/>`,
    `<polygon points="${view}" fill="${ink.dark}" fill-opacity="0.15"/>`,
    `<polygon points="${body}" fill="${CAR}"/>`,
    text(MARGIN, height - 12, words),
  ]);
}

/** The frame of what the camera sees: across the whole width, unless that makes it too high. */
function frameOf({ width, height }: Camera) {
  const scale = Math.min((SIZE - MARGIN) / width, HIGHEST / height);
  return { width: scale * width, height: scale * height };
}

/** What the camera sees; every other pixel of a picture that is too large for a small file, and so on. */
function photograph(road: Road, car: Car, camera: Camera, look: Look): string {
  const { width, height } = camera;
  const planes = new Uint8Array(3 * width * height);
  takePicture(camera, road, look, car, planes);
  const step = Math.ceil(Math.sqrt((width * height) / MOST_PIXELS));
  const file = dataUri(png(Math.floor(width / step), Math.floor(height / step), coloured(planes, width, height, step)));
  const frame = frameOf(camera);
  const place = `x="${(SIZE - frame.width) / 2}" y="${MARGIN / 2}" width="${frame.width}" height="${frame.height}"`;
  return `<image ${place} preserveAspectRatio="none" href="${file}"/>`;
}
