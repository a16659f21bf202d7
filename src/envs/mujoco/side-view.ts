import { circle, ink, line, picture, text } from "../picture.ts";
import type { RobotPoses, ShapePose } from "./poses.ts";

/** How a robot is looked at, orthographically. */
export interface RobotView {
  /** `side`: along y, z up; `top`: from above, y up */
  readonly from: "side" | "top";
  /** What the picture shows, m */
  readonly width: number;
  readonly height: number;
  /** What stands in the middle of the picture, `[x, z]` or `[x, y]` in m, */
  readonly centre: readonly [across: number, up: number];
  /** or counts from the first body, across (and up, from above). */
  readonly follow?: boolean;
}

const WIDTH = 320; // px

/** A robot as SVG: what is far or behind is paler; a scale along the ground, or along the lower edge, stands still. */
export function drawn(id: string, { bodies, shapes }: RobotPoses, view: RobotView): string {
  const { from, width, height, follow = false } = view;
  const up = from === "side" ? 2 : 1;
  const [{ name, position: place }] = bodies;
  const x0 = view.centre[0] + (follow ? place[0] : 0);
  const y0 = view.centre[1] + (follow && from === "top" ? place[1] : 0);
  const scale = WIDTH / width;
  const across = (x: number) => WIDTH / 2 + (x - x0) * scale;
  const down = (y: number) => (height * scale) / 2 - (y - y0) * scale;
  const depth = ({ position, pale }: ShapePose) => (from === "side" ? -position[1] : position[2]) - (pale ? 0.1 : 0);
  const parts = shapes.filter(({ kind }) => kind !== "plane").sort((a, b) => depth(a) - depth(b));
  const near = depth(parts[parts.length - 1]);
  const drawnParts = parts.flatMap((shape) => {
    const { kind, body, position, radius, half, quaternion } = shape;
    const far = shape.pale || (from === "side" && depth(shape) < near - 0.05);
    const shade = body === "world" ? ink.light : far ? ink.middle : ink.dark;
    const [x, y] = [position[0], position[up]];
    const thick = Math.round(2 * radius * scale * 100) / 100;
    if (kind === "sphere")
      return [circle(across(x), down(y), thick / 2 + 1, ink.paper), circle(across(x), down(y), thick / 2, shade)];
    const axis = axisOf(quaternion);
    const [dx, dy] = [axis[0] * half, axis[up] * half];
    const stroke = (colour: string, more: number) =>
      line(across(x - dx), down(y - dy), across(x + dx), down(y + dy), colour, thick + more);
    return [stroke(ink.paper, 2), stroke(shade, 0)];
  });
  const at = `x = ${place[0].toFixed(2)} m, ${from === "side" ? "z" : "y"} = ${place[up].toFixed(2)} m`;
  const ground = from === "side" && shapes.some(({ kind, position }) => kind === "plane" && position[2] === 0);
  const level = ground ? down(0) : height * scale - 16;
  const scaleBar = ruler(level, x0 - width / 2, x0 + width / 2, across);
  return picture(`${id}: ${name} at ${at}`, WIDTH, Math.round(height * scale), [...scaleBar, ...drawnParts]);
}

/** A line with a mark every metre, or every 20 cm in a small view. */
function ruler(level: number, left: number, right: number, across: (x: number) => number): string[] {
  const unit = right - left < 1 ? 0.2 : 1;
  const marks = [line(0, level, WIDTH, level, ink.light, 1)];
  for (let k = Math.ceil(left / unit); k * unit <= right; k++) {
    const x = across(k * unit);
    marks.push(line(x, level, x, level + 4, ink.light, 1), text(x + 2, level + 14, unit === 1 ? `${k} m` : `${20 * k} cm`));
  }
  return marks;
}

/** The z-axis of a frame turned by a quaternion. */
function axisOf([w, x, y, z]: readonly number[]): [number, number, number] {
  return [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)];
}
