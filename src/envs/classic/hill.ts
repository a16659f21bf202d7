import { circle, ink, line, path, picture } from "../picture.ts";

const LEFT = -1.2;
const RIGHT = 0.6;

/** The car of the two mountain-car worlds on its hill, height 0.45 sin(3x) + 0.55, with a flag at the goal. */
export function drawnOnHill(id: string, position: number, velocity: number, goal: number): string {
  const across = (x: number) => ((x - LEFT) / (RIGHT - LEFT)) * 300;
  const down = (x: number) => 175 - (0.45 * Math.sin(3 * x) + 0.55) * 130;
  const hill = Array.from({ length: 61 }, (_, i) => {
    const x = LEFT + ((RIGHT - LEFT) * i) / 60;
    return [across(x), down(x)] as const;
  });
  const slope = Math.atan2(-3 * 0.45 * Math.cos(3 * position) * 130, 300 / (RIGHT - LEFT));
  const carX = across(position) + 8 * Math.sin(slope);
  const carY = down(position) - 8 * Math.cos(slope);
  const nose = 14 * (velocity < 0 ? -1 : 1);
  return picture(`${id}: car at ${position.toFixed(3)}, speed ${velocity.toFixed(4)}`, 300, 190, [
    path(hill, ink.light, 3),
    line(across(goal), down(goal), across(goal), down(goal) - 32, ink.middle, 2),
    line(across(goal), down(goal) - 32, across(goal) + 12, down(goal) - 27, ink.middle, 4),
    circle(carX, carY, 8, ink.dark),
    line(carX, carY, carX + nose * Math.cos(slope), carY + nose * Math.sin(slope), ink.dark, 3),
  ]);
}
