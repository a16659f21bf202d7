import { ink, path, picture, text } from "../picture.ts";
import { type Car, SPEED } from "./car.ts";
import { HALF_WIDTH, type Place, type Road } from "./road.ts";

const SIZE = 480;
const MARGIN = 24;
/** The car is drawn this much larger than the road, so that it can be found. */
const ENLARGED = 2.5;

/** A road from above, with the car on it and what it has in view. */
export function drawnFromAbove(id: string, road: Road, car: Car, place: Place): string {
  const { x, y, length } = road.centre;
  const least = (values: Float64Array) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: Float64Array) => values.reduce((a, b) => Math.max(a, b));
  const [left, right, bottom, top] = [least(x), most(x), least(y), most(y)];
  const scale = (SIZE - 2 * MARGIN) / Math.max(right - left, top - bottom);
  const height = (top - bottom) * scale + 2 * MARGIN + 28;
  const at = (px: number, py: number) => [MARGIN + (px - left) * scale, MARGIN + (top - py) * scale] as const;
  const ring = Array.from({ length: Math.ceil(x.length / 4) + 1 }, (_, k) => at(x[(4 * k) % x.length], y[(4 * k) % x.length]));
  // Places in the car's own frame, from the middle of its rear axle: metres ahead and to the left.
  const place2 = (ahead: number, side: number) =>
    at(
      car.x + ahead * Math.cos(car.heading) - side * Math.sin(car.heading),
      car.y + ahead * Math.sin(car.heading) + side * Math.cos(car.heading),
    );
  const shape = (corners: readonly (readonly [number, number])[], fill: string, opacity: number) =>
    `<polygon points="${corners.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ")}" fill="${fill}" fill-opacity="${opacity}"/>`;
  const view = [place2(2, 0), place2(40, 28), place2(40, -28)];
  const body = [
    place2(-1 * ENLARGED, 0.9 * ENLARGED),
    place2(3.5 * ENLARGED, 0.5 * ENLARGED),
    place2(3.5 * ENLARGED, -0.5 * ENLARGED),
    place2(-1 * ENLARGED, -0.9 * ENLARGED),
  ];
  const side = place.d >= 0 ? "left" : "right";
  const title = `${id}: ${Math.abs(place.d).toFixed(2)} m ${side} of the centre, ${place.s.toFixed(0)} of ${length.toFixed(0)} m round, ${SPEED} m/s`;
  return picture(title, SIZE, Math.round(height), [
    path(ring, ink.middle, Math.max(3, 2 * HALF_WIDTH * scale)),
    `<polyline points="${ring.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ")}" fill="none" stroke="${ink.paper}" stroke-width="1" stroke-dasharray="5 5"/>`,
    shape(view, ink.dark, 0.15),
    shape(body, ink.dark, 1),
    text(MARGIN, Math.round(height) - 12, title),
  ]);
}
