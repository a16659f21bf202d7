import { meaningOf } from "./meanings.ts";
import { type Settings, shown } from "./settings.ts";

/** A setting as programs are told of it. */
export interface Explained {
  readonly setting: string;
  readonly default: unknown;
  /** What may be given, in a few words. */
  readonly expected: string;
  readonly meaning: string;
}

export function explained(algorithm: string, settings: Settings): Explained[] {
  return Object.entries(settings).map(([setting, { default: value, expected }]) => ({
    setting,
    default: value,
    expected,
    meaning: meaningOf(algorithm, setting),
  }));
}

/** Settings as a table with a column of sentences, which are wrapped to the terminal's width. */
export function settingsTable(rows: readonly Explained[], width = process.stdout.columns ?? 110): string {
  const head = ["--set", "default", "meaning"];
  const cells = rows.map(({ setting, default: value, expected, meaning }) => [
    setting,
    shown(value),
    [meaning, `${sentence(expected)}.`].filter((part) => part !== "").join(" "),
  ]);
  const [first, second] = [0, 1].map((c) => Math.max(...[head, ...cells].map((row) => row[c].length)));
  const room = Math.max(30, width - first - second - 4);
  const lines = cells.flatMap(([name, value, text]) =>
    wrapped(text, room).map((line, i) =>
      `${(i === 0 ? name : "").padEnd(first)}  ${(i === 0 ? value : "").padEnd(second)}  ${line}`.trimEnd(),
    ),
  );
  const rule = [first, second, room].map((n) => "-".repeat(n)).join("  ");
  return [`${head[0].padEnd(first)}  ${head[1].padEnd(second)}  ${head[2]}`, rule, ...lines].join("\n");
}

/** A text as lines of at most `width` letters; a word that is longer stands alone. */
export function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
