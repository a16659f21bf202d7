import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { BadInput } from "./exit.ts";
import { counted, say } from "./terminal.ts";

/** What one comparison or response was given, as a line of JSON. */
export interface ScoredLine {
  /** Of its record in the file, from 1. */
  readonly number: number;
}

export interface ScoredLines<Line extends ScoredLine> {
  /** What is scored: `comparison`. */
  readonly one: string;
  /** The number, from 0, of the record of each. */
  readonly numbers: readonly number[];
  /** The names of the numbers that a line must have. */
  readonly figures: readonly (keyof Line & string)[];
  /** A file to which the lines go. */
  readonly out?: string;
  /** Whether to go on behind the lines that `out` has. */
  readonly resume: boolean;
  /** The lines of those from `from` to before `to`. */
  readonly lines: (from: number, to: number) => Promise<Line[]>;
}

/** Comparisons or responses that are scored before their lines are written. */
const TOGETHER = 64;

/** Scores some at a time, whose lines are written as they come; those that are written already are taken as they are. */
export async function scoredLines<Line extends ScoredLine>(asked: ScoredLines<Line>): Promise<Line[]> {
  const { one, numbers, out, resume } = asked;
  // Whole batches alone are kept, so that what follows is scored beside the same ones as without a stop.
  const known = resume && out !== undefined ? linesOf(out, asked) : [];
  const lines = known.length === numbers.length ? known : known.slice(0, TOGETHER * Math.floor(known.length / TOGETHER));
  if (lines.length > 0) say(`${out}: ${lines.length} of ${counted(numbers.length, one)} are scored, going on with the others`);
  if (out !== undefined) writeFileSync(out, lines.map(written).join(""));
  for (let from = lines.length; from < numbers.length; from += TOGETHER) {
    const own = await asked.lines(from, Math.min(from + TOGETHER, numbers.length));
    if (out !== undefined) appendFileSync(out, own.map(written).join(""));
    lines.push(...own);
  }
  return lines;
}

const written = (line: object) => `${JSON.stringify(line)}\n`;

/** The lines that a file has, those of the first that are scored; a line that was cut is left out. */
function linesOf<Line extends ScoredLine>(file: string, { one, numbers, figures }: ScoredLines<Line>): Line[] {
  if (!existsSync(file)) return [];
  const lines: Line[] = [];
  for (const text of readFileSync(file, "utf8").split("\n")) {
    if (text === "") continue;
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      break;
    }
    const i = lines.length;
    if (i >= numbers.length || line.number !== numbers[i] + 1 || !figures.every((name) => Number.isFinite(line[name]))) {
      throw new BadInput(
        `${file}: line ${i + 1} is not the rewards of the ${one} that is expected there; name another file with --out`,
      );
    }
    lines.push(line);
  }
  return lines;
}
