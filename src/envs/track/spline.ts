/** A closed curve, sampled at equal distances. Point i has the arc length i · `spacing`; sample n would be sample 0 again. */
export interface ClosedCurve {
  /** The length of one round, m. */
  readonly length: number;
  /** m; about what was asked for, so that it divides the length. */
  readonly spacing: number;
  /** `[n]`, m. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Direction of travel, counterclockwise from the x axis, rad; grows or falls steadily along the curve, never jumping by 2π. */
  readonly heading: Float64Array;
  /** 1/r, 1/m; positive in a left turn. */
  readonly curvature: Float64Array;
}

/** How finely the spline is followed to find its length. */
const STEPS = 200;

/**
 * The closed uniform cubic B-spline of control points `[x, y]`, in their order. Position, direction and curvature are continuous
 * all the way round. On the stretch between points P₁ and P₂, t from 0 to 1:
 *   p(t) = ((1 − t)³ P₀ + (3t³ − 6t² + 4) P₁ + (−3t³ + 3t² + 3t + 1) P₂ + t³ P₃) / 6
 *   κ = (x′ y″ − y′ x″) / (x′² + y′²)^{3/2}
 * Throws if there are fewer than four points.
 */
export function closedSpline(points: readonly (readonly [number, number])[], spacing: number): ClosedCurve {
  const n = points.length;
  if (n < 4) throw new RangeError(`a closed cubic spline takes at least 4 control points, found ${n}`);

  // Arc lengths of a fine walk along the spline, then the places on it that are equally far apart.
  const walked = new Float64Array(n * STEPS + 1);
  let from = point(points, 0);
  for (let k = 1; k < walked.length; k++) {
    const to = point(points, k / STEPS);
    walked[k] = walked[k - 1] + Math.hypot(to.x - from.x, to.y - from.y);
    from = to;
  }
  const length = walked[walked.length - 1];
  const count = Math.round(length / spacing);
  const curve = {
    length,
    spacing: length / count,
    x: new Float64Array(count),
    y: new Float64Array(count),
    heading: new Float64Array(count),
    curvature: new Float64Array(count),
  };
  for (let i = 0, k = 0; i < count; i++) {
    const s = (i * length) / count;
    while (walked[k + 1] < s) k++;
    const p = point(points, (k + (s - walked[k]) / (walked[k + 1] - walked[k])) / STEPS);
    const direction = Math.atan2(p.dy, p.dx);
    const before = i === 0 ? direction : curve.heading[i - 1];
    curve.x[i] = p.x;
    curve.y[i] = p.y;
    curve.heading[i] = before + turned(direction - before);
    curve.curvature[i] = (p.dx * p.ddy - p.dy * p.ddx) / Math.hypot(p.dx, p.dy) ** 3;
  }
  return curve;
}

/** The spline and its first two derivatives at u, whose whole part is the stretch. */
function point(points: readonly (readonly [number, number])[], u: number) {
  const n = points.length;
  const stretch = Math.floor(u);
  const t = u - stretch;
  const weights = [(1 - t) ** 3 / 6, (3 * t ** 3 - 6 * t ** 2 + 4) / 6, (-3 * t ** 3 + 3 * t ** 2 + 3 * t + 1) / 6, t ** 3 / 6];
  const slopes = [-((1 - t) ** 2) / 2, (3 * t ** 2 - 4 * t) / 2, (-3 * t ** 2 + 2 * t + 1) / 2, t ** 2 / 2];
  const bends = [1 - t, 3 * t - 2, 1 - 3 * t, t];
  const p = { x: 0, y: 0, dx: 0, dy: 0, ddx: 0, ddy: 0 };
  for (let k = 0; k < 4; k++) {
    const [x, y] = points[(stretch + k) % n];
    p.x += weights[k] * x;
    p.y += weights[k] * y;
    p.dx += slopes[k] * x;
    p.dy += slopes[k] * y;
    p.ddx += bends[k] * x;
    p.ddy += bends[k] * y;
  }
  return p;
}

/** The same angle in [-π, π). */
export function turned(angle: number): number {
  return angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
}
