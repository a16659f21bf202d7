import type { Film } from "./film.ts";

/** What is shown: a heading in a few words, and one episode or several. */
export interface Showing {
  readonly title: string;
  readonly films: readonly Film[];
}

/** One picture of a showing, whole by itself. */
export interface Still {
  readonly svg: string;
  /** Whether an episode ends with it. */
  readonly last: boolean;
}

const FONT = `font-family="DejaVu Sans, Helvetica, Arial, sans-serif"`;
const MARGIN = 10;
const HEAD = 26;
const FOOT = 34;
const LEAST_WIDTH = 320;

/** The pictures of a showing, each with a heading and what has come of the episode so far; all of one size. */
export function stills(showing: Showing): Still[] {
  const { frame, parts } = laidOut(showing);
  return parts.map(({ body, last }) => ({ svg: `${frame}\n${body.join("\n")}\n</svg>\n`, last }));
}

/**
 * A showing as one SVG that plays by itself, over and over: a page, an `<img>` and a viewer of pictures show it alike. Where
 * nothing moves (in print, or for readers who asked for less motion) it shows the last picture. `frameMs` is how long a
 * picture stays, by default such that a loop takes some eight seconds; the last one of an episode stays longer.
 */
export function animatedSvg(showing: Showing, options: { frameMs?: number } = {}): string {
  const { frame, parts } = laidOut(showing);
  const { frameMs = Math.round(Math.min(400, Math.max(40, 8000 / parts.length))) } = options;
  const hold = Math.max(1000, frameMs);
  const shared = repeated(parts.map(({ body }) => body));
  const lasts = parts.map(({ last }) => (last ? hold : frameMs));
  const loop = lasts.reduce((sum, ms) => sum + ms, 0);
  let at = 0;
  const scenes = parts.map(({ body }, i) => {
    // A delay below 0: each picture is somewhere in its loop from the beginning. It leaves a moment after the next has come.
    const delay = at - loop;
    at += lasts[i];
    const kind = lasts[i] === frameMs ? "f" : "l";
    // Who knows no animations sees the first picture; the style goes before the attribute.
    const hidden = i === 0 ? "" : ' visibility="hidden"';
    return `<g class="${kind}"${hidden} style="animation-delay:${delay}ms">\n${body.map((shape) => shared.get(shape)?.use ?? shape).join("\n")}\n</g>`;
  });
  const percent = (ms: number) => ((100 * Math.min(ms + 5, loop)) / loop).toFixed(4);
  const shown = (name: string, ms: number) =>
    `@keyframes ${name} { 0% { visibility: visible } ${percent(ms)}%, 100% { visibility: hidden } }
.${name} { animation: ${name} ${loop}ms step-end infinite }`;
  return `${frame}
<style>
${shown("f", frameMs)}
${hold === frameMs ? "" : shown("l", hold)}
@media print, (prefers-reduced-motion: reduce) { .f, .l { animation: none; visibility: hidden } g:last-of-type { visibility: visible } }
</style>
<defs>
${[...shared.values()].map(({ definition }) => definition).join("\n")}
</defs>
${scenes.join("\n")}
</svg>
`;
}

/** The opening of the whole with what never changes, and the shapes of each picture, a line each. */
function laidOut({ title, films }: Showing): { frame: string; parts: { body: string[]; last: boolean }[] } {
  const pictures = films.flatMap(({ frames, steps, total, terminated }, e) =>
    frames.map(({ step, svg, total: soFar }, i) => {
      const last = i === frames.length - 1;
      const episode = films.length > 1 ? `episode ${e + 1} of ${films.length}, ` : "";
      const end = last ? (terminated ? ", ended" : ", cut") : "";
      const words = `${episode}step ${step} of ${steps}, return ${figure(last ? total : soFar)}${end}`;
      return { ...opened(svg), words, share: steps === 0 ? 1 : step / steps, last };
    }),
  );
  const inner = Math.max(LEAST_WIDTH, ...pictures.map(({ width }) => width));
  const tall = Math.max(...pictures.map(({ height }) => height));
  const [width, height] = [inner + 2 * MARGIN, HEAD + tall + FOOT];
  const frame = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN}" y="18" ${FONT} font-size="13" font-weight="bold" fill="#222222">${escaped(title)}</text>`;
  const parts = pictures.map(({ width: w, height: h, shapes, words, share, last }) => ({
    last,
    body: [
      `<rect y="${HEAD}" width="${width}" height="${height - HEAD}" fill="#ffffff"/>`,
      `<svg x="${MARGIN + (inner - w) / 2}" y="${HEAD + (tall - h) / 2}" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">`,
      ...shapes,
      "</svg>",
      `<rect x="${MARGIN}" y="${height - FOOT + 6}" width="${inner}" height="3" fill="#e6e6e6"/>`,
      `<rect x="${MARGIN}" y="${height - FOOT + 6}" width="${(share * inner).toFixed(1)}" height="3" fill="#123f6d"/>`,
      `<text x="${MARGIN}" y="${height - 8}" ${FONT} font-size="12" fill="#222222">${escaped(words)}</text>`,
    ],
  }));
  return { frame, parts };
}

/** The size of an environment's picture, and its shapes without its title. */
function opened(svg: string): { width: number; height: number; shapes: string[] } {
  const box = /^<svg\b[^>]*\bviewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>/.exec(svg);
  if (!box) throw new TypeError(`a picture begins with <svg ... viewBox="0 0 WIDTH HEIGHT">, found "${svg.slice(0, 60)}"`);
  const body = svg
    .slice(box[0].length)
    .replace(/<\/svg>\s*$/, "")
    .replace(/<title>[^<]*<\/title>/, "");
  return { width: Number(box[1]), height: Number(box[2]), shapes: body.split("\n").filter((shape) => shape.trim() !== "") };
}

/** Shapes that stand in more than one picture: written once, used by name. */
function repeated(bodies: readonly (readonly string[])[]): Map<string, { definition: string; use: string }> {
  const times = new Map<string, number>();
  for (const shape of bodies.flat()) times.set(shape, (times.get(shape) ?? 0) + 1);
  const whole = /^<(\w+)\b[^<>]*(\/>|>[^<>]*<\/\1>)$/; // one element by itself
  const often = [...times].filter(([shape, n]) => n > 1 && shape.length > 40 && whole.test(shape));
  return new Map(
    often.map(([shape], i) => [shape, { definition: shape.replace(/^<\w+/, `$& id="s${i}"`), use: `<use href="#s${i}"/>` }]),
  );
}

function figure(value: number): string {
  if (Number.isInteger(value)) return (value + 0).toLocaleString("en-US"); // -0 + 0 = 0
  return value.toFixed(1);
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
