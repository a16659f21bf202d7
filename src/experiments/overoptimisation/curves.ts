/** A policy on its way: d = √KL to the reference, in √nats, what the proxy says of it, and what it is really worth. */
export interface Point {
  readonly d: number;
  readonly proxy: number;
  readonly gold: number;
}

/** A curve at given d, between the two points beside each; its points in the order of d, each with the two on either side of it in the mean. */
export function along(points: readonly Point[], ds: readonly number[], smooth: boolean): Point[] {
  const sorted = [...points].sort((a, b) => a.d - b.d);
  const list = smooth ? sorted.map((_, i) => meanPoint(sorted.slice(Math.max(0, i - 2), i + 3))) : sorted;
  return ds.map((d) => {
    const k = Math.min(
      list.length - 1,
      Math.max(
        1,
        list.findIndex((point) => point.d >= d),
      ),
    );
    const [a, b] = [list[k - 1], list[k]];
    const share = b.d > a.d ? Math.max(0, Math.min(1, (d - a.d) / (b.d - a.d))) : 0;
    const between = (name: keyof Point) => a[name] + share * (b[name] - a[name]);
    return { d, proxy: between("proxy"), gold: between("gold") };
  });
}

function meanPoint(points: readonly Point[]): Point {
  const mean = (name: keyof Point) => points.reduce((sum, point) => sum + point[name] / points.length, 0);
  return { d: mean("d"), proxy: mean("proxy"), gold: mean("gold") };
}

/** Rise to the peak of the gold score, fall behind it, and the proxy's rise meanwhile; the peak is where the other curves have theirs. */
export interface Bend {
  readonly rise: number;
  readonly fall: number;
  readonly proxy: number;
  /** The gold score at the peak. */
  readonly peak: number;
}

/** Curves over the same d. Where a curve is read at is told by the others alone, so that its own noise is no peak. */
export function bends(curves: readonly (readonly Point[])[]): Bend[] {
  return curves.map((own, k) => {
    const others = curves.filter((_, i) => i !== k);
    const totals = own.map((_, i) => others.reduce((sum, curve) => sum + curve[i].gold, 0));
    const top = totals.indexOf(Math.max(...totals));
    const [start, peak, end] = [own[0], own[top], own[own.length - 1]];
    return { rise: peak.gold - start.gold, fall: peak.gold - end.gold, proxy: end.proxy - peak.proxy, peak: peak.gold };
  });
}

/** 1 − Σ(gold − d (a − b d))² / Σ(gold − mean)², a and b by least squares: how well a curve has the shape of Gao et al. 2023. */
export function explained(points: readonly Point[]): number {
  let [dd, dq, qq, dr, qr] = [0, 0, 0, 0, 0];
  for (const { d, gold } of points) {
    dd += d ** 2;
    dq += d ** 3;
    qq += d ** 4;
    dr += d * gold;
    qr += d ** 2 * gold;
  }
  const determinant = dd * qq - dq * dq;
  const [a, b] = [(dr * qq - qr * dq) / determinant, (dr * dq - qr * dd) / determinant];
  const mean = points.reduce((sum, { gold }) => sum + gold / points.length, 0);
  const left = points.reduce((sum, { d, gold }) => sum + (gold - d * (a - b * d)) ** 2, 0);
  return 1 - left / points.reduce((sum, { gold }) => sum + (gold - mean) ** 2, 0);
}
