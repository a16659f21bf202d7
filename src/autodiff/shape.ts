/**
 * One side of a shape: a number, or a product with symbols in it such as `"B"` or `"4*B*T"` that is known only when the
 * program runs. Products are kept in one canonical spelling, so that equal sides are equal strings.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** A shape as a reader writes it: `[B, 4]`. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** The error of an operation whose shapes don't go together: what was received, and what would do. */
export function shapeError(op: string, received: readonly Shape[], expected: string): RangeError {
  return new RangeError(`${op}: received ${received.map(show).join(" and ")}; expected ${expected}`);
}

/** The product of sides. */
export function product(dims: readonly Dim[]): Dim {
  let factor = 1;
  const symbols: string[] = [];
  for (const dim of dims) {
    const parts = factors(dim);
    factor *= parts.factor;
    symbols.push(...parts.symbols);
  }
  return spell(factor, symbols);
}

/** total / part where it comes out whole, else `undefined`. */
export function quotient(total: Dim, part: Dim): Dim | undefined {
  const a = factors(total);
  const b = factors(part);
  const symbols = [...a.symbols];
  for (const symbol of b.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  if (b.factor === 0 || a.factor % b.factor !== 0) return undefined;
  return spell(a.factor / b.factor, symbols);
}

/** A side as a number times symbols. */
export function factors(dim: Dim): { factor: number; symbols: string[] } {
  if (typeof dim === "number") return { factor: dim, symbols: [] };
  let factor = 1;
  const symbols: string[] = [];
  for (const part of dim.split("*")) {
    if (/^\d+$/.test(part)) factor *= Number(part);
    else symbols.push(part);
  }
  return { factor, symbols };
}

function spell(factor: number, symbols: string[]): Dim {
  if (symbols.length === 0) return factor;
  const names = symbols.sort().join("*");
  return factor === 1 ? names : `${factor}*${names}`;
}

/** The side with its symbols given their values, a number when all are known. */
export function bind(dim: Dim, values: Readonly<Record<string, number>>): Dim {
  const { factor, symbols } = factors(dim);
  return product([factor, ...symbols.map((symbol) => values[symbol] ?? symbol)]);
}

/**
 * The shape that NumPy broadcasting gives, or an error that names the operation. Throws a RangeError where two sides differ and
 * neither is 1.
 */
export function broadcast(op: string, ...shapes: Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const out: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    let side: Dim = 1;
    for (const shape of shapes) {
      const own = shape[axis - (rank - shape.length)] ?? 1;
      if (own === 1 || own === side) continue;
      if (side !== 1)
        throw shapeError(
          op,
          shapes,
          `shapes whose sides are equal or 1, counted from the last (axis ${axis} has ${side} and ${own})`,
        );
      side = own;
    }
    out.push(side);
  }
  return out;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

/** An axis counted from the front; negative ones count from the back. Throws outside the shape. */
export function axisOf(op: string, shape: Shape, axis: number): number {
  const at = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || at < 0 || at >= shape.length) {
    throw shapeError(op, [shape], `an axis from ${-shape.length} to ${shape.length - 1}, found ${axis}`);
  }
  return at;
}

/** Axes counted from the front, in rising order; all of them when none are given. Throws on a repeated one. */
export function axesOf(op: string, shape: Shape, axes?: number | readonly number[]): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) => axisOf(op, shape, axis)).sort((a, b) => a - b);
  if (new Set(list).size !== list.length) throw shapeError(op, [shape], `each axis once, found ${JSON.stringify(axes)}`);
  return list;
}

/** The shape after a reduction. */
export function reduced(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((side, axis) => (axes.includes(axis) ? 1 : side));
  return shape.filter((_, axis) => !axes.includes(axis));
}
