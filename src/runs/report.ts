import type { Film } from "./film.ts";

/** A part of a report. */
export type Section = Headed &
  (
    | { readonly text?: string; readonly more?: Source }
    | { readonly table: Table }
    | { readonly links: readonly Link[] }
    | { readonly caption?: string; readonly svg: string }
    | { readonly caption?: string; readonly film: Film }
  );

/** What stands above a part of a report. */
export interface Headed {
  /** Without one the part goes on where the one before it ended. */
  readonly heading?: string;
  /** 2, unless the report has parts within parts. */
  readonly level?: 2 | 3 | 4;
  /** The place in the page that links lead to. */
  readonly id?: string;
}

/** A file beside the page, where there is more to read. */
export interface Source {
  readonly words: string;
  readonly href: string;
}

/** A line of a table of contents. */
export interface Link {
  readonly words: string;
  /** A section's `id`. */
  readonly to: string;
  /** What is said beside it. */
  readonly beside?: string;
  /** 2 stands further in. */
  readonly level?: 1 | 2;
}

export interface Table {
  readonly head?: readonly string[];
  /** The first cell of a row names it; numbers stand to the right. */
  readonly rows: readonly (readonly string[])[];
}

export interface Report {
  readonly title: string;
  /** What came out, in a sentence. */
  readonly summary: string;
  readonly sections: readonly Section[];
  /** Small print at the end. */
  readonly foot: string;
}

/** A page that needs nothing but itself: styles, figures and the film stand in it. */
export function reportPage({ title, summary, sections, foot }: Report): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
<main>
<h1>${escaped(title)}</h1>
<p class="summary">${escaped(summary)}</p>
${sections.map(section).join("\n")}
<footer>${escaped(foot)}</footer>
</main>
</html>
`;
}

function section(part: Section): string {
  const caption = "caption" in part && part.caption ? `<figcaption>${escaped(part.caption)}</figcaption>` : "";
  const { heading, level = 2, id } = part;
  const title = heading === undefined ? "" : `<h${level}>${escaped(heading)}</h${level}>\n`;
  return `<section${id === undefined ? "" : ` id="${escaped(id)}"`}>\n${title}${body(part, caption)}\n</section>`;
}

function body(part: Section, caption: string): string {
  if ("table" in part) return table(part.table);
  if ("links" in part) return contents(part.links);
  if ("svg" in part) return `<figure>${part.svg}${caption}</figure>`;
  if ("film" in part) return `<figure>${shown(part.film)}${caption}</figure>`;
  if (part.text === undefined) return "";
  const more = part.more ? ` <a href="${escaped(part.more.href)}">${escaped(part.more.words)}</a>` : "";
  return `<p>${escaped(part.text)}${more}</p>`;
}

function contents(links: readonly Link[]): string {
  const line = ({ words, to, beside = "", level = 1 }: Link) =>
    `<tr class="in${level}"><th scope="row"><a href="#${escaped(to)}">${escaped(words)}</a></th><td>${escaped(beside)}</td></tr>`;
  return `<nav class="wide"><table><tbody>${links.map(line).join("\n")}</tbody></table></nav>`;
}

function table({ head, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `<tr><th scope="row">${escaped(cells[0])}</th>${cells
      .slice(1)
      .map((cell) => `<td>${escaped(cell)}</td>`)
      .join("")}</tr>`;
  const top = head ? `<thead><tr>${head.map((name) => `<th scope="col">${escaped(name)}</th>`).join("")}</tr></thead>` : "";
  return `<div class="wide"><table>${top}<tbody>${rows.map(line).join("\n")}</tbody></table></div>`;
}

const STRIP = 6;

/** A strip of six pictures for paper, and a player over all frames for the screen. */
function shown({ frames, steps }: Film): string {
  const last = frames.length - 1;
  const chosen = [
    ...new Set(Array.from({ length: Math.min(STRIP, frames.length) }, (_, k) => Math.round((k * last) / (STRIP - 1)))),
  ];
  const strip = chosen
    .filter((i) => i <= last)
    .map((i) => `<div>${frames[i].svg}<small>step ${frames[i].step}</small></div>`)
    .join("\n");
  if (frames.length < 3) return `<div class="strip">${strip}</div>`;
  return `<div class="strip">${strip}</div>
<div class="player" hidden>
<div class="screen"></div>
<p><button type="button">Play</button> <input type="range" min="0" max="${last}" value="0" aria-label="frame"> <output>step 0 of ${steps}</output></p>
${frames.map(({ step, svg }) => `<template data-step="${step}">${svg}</template>`).join("\n")}
</div>
<script>${player(steps)}</script>`;
}

function player(steps: number): string {
  return `{
const box = document.currentScript.previousElementSibling, [screen] = box.getElementsByClassName("screen");
const frames = box.querySelectorAll("template"), button = box.querySelector("button");
const slider = box.querySelector("input"), place = box.querySelector("output");
let timer;
const show = () => {
  const frame = frames[slider.value];
  screen.replaceChildren(frame.content.cloneNode(true));
  place.textContent = "step " + frame.dataset.step + " of ${steps}";
};
const stop = () => { clearInterval(timer); timer = undefined; button.textContent = "Play"; };
const play = () => {
  if (slider.value === slider.max) slider.value = 0;
  button.textContent = "Pause";
  timer = setInterval(() => { slider.value++; show(); if (slider.value === slider.max) stop(); }, 70);
};
button.onclick = () => (timer ? stop() : play());
slider.oninput = () => { stop(); show(); };
show();
box.hidden = false;
}`;
}

const style = `
:root { color-scheme: light; }
body { margin: 0; background: #f4f4f2; color: #222; font: 16px/1.5 system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; }
main { max-width: 52rem; margin: 2rem auto; padding: 2rem 2.5rem; background: #fff; box-shadow: 0 1px 4px #0002; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
h4 { font-size: 1rem; font-weight: normal; font-style: italic; margin: 1.4rem 0 .3rem; }
section p { margin: .3rem 0 .6rem; max-width: 44rem; }
a { color: inherit; }
nav { margin-top: 1rem; }
.in2 th { padding-left: 1.2rem; }
.summary { font-size: 1.1rem; margin: 0; max-width: 42rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; font-weight: normal; vertical-align: top; }
thead th { color: #666; border-bottom: 1px solid #aaa; font-size: .9rem; }
td { overflow-wrap: break-word; min-width: 3rem; }
.wide { overflow-x: auto; }
figure { margin: 0; }
figure > svg { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: .9rem; margin-top: .4rem; max-width: 42rem; }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .6rem; }
.strip svg, .screen svg { width: 100%; height: auto; border: 1px solid #ddd; box-sizing: border-box; }
.strip small { color: #555; }
.screen { max-width: 30rem; margin-top: 1rem; }
.player input { vertical-align: middle; width: 16rem; max-width: 50%; }
footer { margin-top: 2.5rem; color: #666; font-size: .85rem; overflow-wrap: anywhere; }
@media print { body { background: #fff; } main { box-shadow: none; margin: 0; padding: 0; } .player { display: none; } }
`;

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
