/** Greys of the pictures: legible on paper, on screen and to the colour-blind. */
export const ink = { dark: "#333333", middle: "#777777", light: "#bbbbbb", paper: "#ffffff" } as const;

/** An SVG picture of a width and height in its own units, with a title that says in words what it shows. */
export function picture(title: string, width: number, height: number, shapes: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${ink.paper}"/>`,
    ...shapes,
    "</svg>",
  ].join("\n");
}

/** A straight line with round ends. */
export function line(x1: number, y1: number, x2: number, y2: number, stroke: string, width: number): string {
  return `<line x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round"/>`;
}

export function circle(x: number, y: number, radius: number, fill: string): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="${radius}" fill="${fill}"/>`;
}

/** A rectangle around a centre. */
export function block(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${short(x - width / 2)}" y="${short(y - height / 2)}" width="${width}" height="${height}" rx="3" fill="${fill}"/>`;
}

/** A line through points `[x, y]`. */
export function path(points: readonly (readonly [number, number])[], stroke: string, width: number): string {
  const through = points.map(([x, y]) => `${short(x)},${short(y)}`).join(" ");
  return `<polyline points="${through}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linejoin="round"/>`;
}

export function text(x: number, y: number, words: string): string {
  return `<text x="${short(x)}" y="${short(y)}" font-family="sans-serif" font-size="12" fill="${ink.dark}">${escaped(words)}</text>`;
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
