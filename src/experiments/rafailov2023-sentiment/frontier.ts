/** A policy on its way: how far it is from the reference, in nats a response, and what it is worth. */
export interface Point {
  readonly kl: number;
  readonly reward: number;
}

/**
 * Reward as a function of d = √KL by least squares, r(d) = r₀ + a d + b d² with the reference's own reward r₀: the shape in which
 * rewards grow with optimisation (Gao et al. 2023, section 3), which takes the noise off a frontier's points. Only points up to the
 * KL of `reach` count. Throws on fewer than two.
 */
export function frontier(points: readonly Point[], r0: number, reach: number): (kl: number) => number {
  const near = points.filter(({ kl }) => kl > 0 && kl <= reach);
  if (near.length < 2) throw new RangeError(`a frontier is fitted to two points or more, found ${near.length}`);
  let [dd, dq, qq, dr, qr] = [0, 0, 1e-9, 0, 0];
  for (const { kl, reward } of near) {
    const d = Math.sqrt(kl);
    dd += d * d;
    dq += d * kl;
    qq += kl * kl;
    dr += d * (reward - r0);
    qr += kl * (reward - r0);
  }
  const determinant = dd * qq - dq * dq;
  const [a, b] = [(dr * qq - qr * dq) / determinant, (qr * dd - dr * dq) / determinant];
  return (kl) => r0 + a * Math.sqrt(kl) + b * kl;
}

/** The largest KL of a frontier's points. */
export function reachOf(points: readonly Point[]): number {
  return Math.max(...points.map(({ kl }) => kl));
}

/** The mean of (first − second) at KLs that both reach: 20 of them, at equal distances of √KL from a quarter of the way on. */
export function meanDifference(first: readonly Point[], second: readonly Point[], r0: number): number {
  const reach = Math.min(reachOf(first), reachOf(second));
  const [f, g] = [frontier(first, r0, reach), frontier(second, r0, reach)];
  const levels = Array.from({ length: 20 }, (_, i) => reach * (0.25 + (0.75 * i) / 19) ** 2);
  return levels.reduce((sum, kl) => sum + (f(kl) - g(kl)) / levels.length, 0);
}
