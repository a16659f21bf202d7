import { type Bounds, type Experiment, lecture, type Row, type Slide } from "../experiments/index.ts";
import { reportPage, type Section } from "../runs/index.ts";
import { interval } from "./present.ts";
import type { Result } from "./reproduce-kept.ts";
import { short } from "./terminal.ts";
import { version } from "./versions.ts";

/** An experiment with its result. */
export interface Finished extends Result {
  readonly experiment: Experiment;
}

/** The head of a table of claims. */
const HEAD = ["claim", "paper", "asked for", "measured", "95 % interval", "holds"];

/** The same for a terminal: what is long stands last, where it may run on. */
export const LINE_HEAD = ["holds", "measured", "95 % interval", "asked for", "claim; in the paper"];

/** A claim beside what was measured, as cells of a table. */
function cells(row: Row): string[] {
  const [holds, measured, ends, asked] = line(row);
  return [said(row), row.paper, asked, measured, ends.replace(" ", "\u00a0"), holds];
}

/** The same for a terminal. */
export function line(row: Row): string[] {
  const { paper, asked, measured, low, high, exact, holds, decided, attempted } = row;
  // Where every repetition gave the same, their spread is unknown rather than none.
  const ends = exact ? "" : low === high ? "all alike" : interval({ mean: measured, low, high });
  const verdict = attempted ? (holds ? "yes" : decided ? "NO" : "open") : "not decided";
  return [verdict, short(measured), ends, askedFor(asked), `${said(row)}; ${paper}`];
}

/** The claim, and what was measured in its place where that is less. */
function said({ claim, here }: Row): string {
  return here === undefined ? claim : `${claim} [here: ${here}]`;
}

/** Where an interval must lie: `≥ 0.95`, `> 0`, `1.9 to 2.1`. */
export function askedFor({ atLeast, atMost, above, below }: Bounds): string {
  if (atLeast !== undefined && atMost !== undefined) return atLeast === atMost ? `${atLeast}` : `${atLeast} to ${atMost}`;
  const ends: [string, number | undefined][] = [
    ["≥", atLeast],
    [">", above],
    ["≤", atMost],
    ["<", below],
  ];
  return ends.flatMap(([sign, end]) => (end === undefined ? [] : [`${sign} ${end}`])).join(", ");
}

/** How many claims hold, in a sentence; those that the quick version can't decide are counted apart. */
export function verdict(rows: readonly Row[]): string {
  const attempted = rows.filter((row) => row.attempted);
  const holding = attempted.filter(({ holds }) => holds).length;
  const open = attempted.filter(({ decided }) => !decided).length;
  const failing = attempted.length - holding - open;
  const left = rows.length - attempted.length;
  const parts = [holding === rows.length ? `all ${holding} claims hold` : `${holding} of ${rows.length} claims hold`];
  if (failing > 0) parts.push(`${failing} ${failing === 1 ? "doesn't" : "don't"}`);
  if (open > 0) parts.push(`${open} ${open === 1 ? "is" : "are"} undecided`);
  if (left > 0) parts.push(`${left} ${left === 1 ? "is" : "are"} not decided by the quick version`);
  return parts.join(", ");
}

export interface PageOptions {
  readonly quick: boolean;
  /** Where an experiment's README is, seen from the page. */
  readonly readme: (id: string) => string;
}

/**
 * One page that follows the slides: under each the claims that were measured, with their figures. `drawn` has the figures of
 * each experiment as SVG.
 */
export function reproducePage(finished: readonly Finished[], drawn: readonly string[][], { quick, readme }: PageOptions): string {
  const found = new Map(finished.map((one, i) => [one.experiment.id, { ...one, drawn: drawn[i] }]));
  const parts = lecture.flatMap(({ title, slides }) => {
    const shown = slides.filter((slide) => named(slide).some((id) => found.has(id)));
    return shown.length === 0 ? [] : [{ title, slides: shown }];
  });
  const links = parts.flatMap(({ title, slides }) => [
    { words: title, to: title },
    ...slides.map((slide) => {
      const rows = named(slide).flatMap((id) => found.get(id)?.outcome.rows ?? []);
      return { words: slide.title, to: slide.title, beside: verdict(rows), level: 2 as const };
    }),
  ]);
  const sections = parts.flatMap(({ title, slides }): Section[] => [
    { heading: title, id: title },
    ...slides.flatMap((slide) => slideSections(slide, found, readme)),
  ]);
  const rows = finished.flatMap(({ outcome }) => outcome.rows);
  const ids = finished.map(({ experiment }) => experiment.id).join(" ");
  return reportPage({
    title: "Imitation learning, claim by claim",
    summary: `Of ${finished.length} experiments, ${verdict(rows)}.${quick ? " These are the quick versions, with fewer repetitions and smaller worlds." : ""} A claim holds if the whole 95 % interval of what was measured lies where it must ("asked for"), and is open (undecided) if only a part of it does.${quick ? ' What the quick version is too small for is "not decided", whatever it measured.' : ""}`,
    sections: [{ links }, ...sections],
    foot: `apprentice reproduce ${ids}${quick ? " --quick" : ""}  ·  apprentice ${version()}, node ${process.versions.node}`,
  });
}

/** All experiments that speak of a slide, by name. */
function named({ experiments, also = [] }: Slide): string[] {
  return [...experiments.map(({ id }) => id), ...also];
}

function slideSections(
  slide: Slide,
  found: ReadonlyMap<string, Finished & { drawn: readonly string[] }>,
  readme: PageOptions["readme"],
): Section[] {
  const elsewhere = (slide.also ?? []).filter((id) => found.has(id)).map((id) => found.get(id)!.experiment);
  return [
    { heading: slide.title, level: 3, id: slide.title, text: slide.claims },
    ...slide.experiments.flatMap(({ id }) => (found.has(id) ? experimentSections(found.get(id)!, readme) : [])),
    ...(elsewhere.length === 0
      ? []
      : [{ links: elsewhere.map(({ id, title }) => ({ words: `See ${id}`, to: id, beside: title })) }]),
  ];
}

function experimentSections(one: Finished & { drawn: readonly string[] }, readme: PageOptions["readme"]): Section[] {
  const { experiment, outcome, seconds, drawn } = one;
  const { id, title, source } = experiment;
  const text = `${source}. ${verdict(outcome.rows).replace(/^./, (letter) => letter.toUpperCase())}; ${Math.ceil(seconds)} s. ${outcome.note === undefined ? "" : `${outcome.note} `}What is measured, and how that differs:`;
  return [
    { heading: `${id}: ${title}`, level: 4, id, text, more: { words: `src/experiments/${id}/README.md`, href: readme(id) } },
    { table: { head: HEAD, rows: outcome.rows.map(cells) } },
    ...outcome.figures.map((figure, k): Section => ({ caption: figure.caption, svg: drawn[k] })),
  ];
}
