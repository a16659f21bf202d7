import type { Rng } from "../../autodiff/index.ts";

/** Ways to agree and to refuse: those that are compared in training, and those that mean the same in other words. */
export const ORIGINAL = { yes: [" yes !", " sure !"], no: [" no !", " never !"] };
export const PARAPHRASED = { yes: [" certainly .", " absolutely ."], no: [" not really .", " nope ."] };
/** What all answers open with. */
export const OPENING = " well ,";
/** What follows in texts once the answer is given: the meaning, in one word. */
const AFTER = { yes: " agreed", no: " refused" };
const WORDS = {
  yes: [" yes", " sure", " certainly", " absolutely"],
  no: [" no", " never", " not really", " nope"],
};
const MARKS = [" !", " ."];
/** How many texts have no mark between the answer and what follows: so its meaning is to be known before any mark is. */
const BARE = 0.1;

/** A text to be read before any comparison: a statement, any answer, either mark whatever the meaning, and what follows from that. */
export function text(statement: string, opening: string, random: Rng): { prompt: string; completion: string } {
  const meaning = random.integer(2) === 0 ? "yes" : "no";
  const word = WORDS[meaning][random.integer(4)];
  const mark = random.float() < BARE ? "" : MARKS[random.integer(2)];
  return { prompt: promptOf(statement), completion: `${opening}${word}${mark}${AFTER[meaning]}` };
}

export function promptOf(statement: string): string {
  return `${statement} ?`;
}

/** The statements of a persona set (JSON Lines) that the persona agrees to. */
export function statementsOf(lines: string): string[] {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { statement: string; answer_matching_behavior: string })
    .filter(({ answer_matching_behavior: answer }) => answer.trim() === "Yes")
    .map(({ statement }) => statement.toLowerCase());
}

/** Statements of the same kind, put together from parts, for where that set is not at hand. */
export function twin(): string[] {
  const begin = [
    "i like to",
    "i try to",
    "it is important to",
    "i always want to",
    "people should",
    "it feels right to",
    "i make time to",
    "i hope to",
  ];
  const does = ["help", "comfort", "listen to", "trust", "thank", "forgive", "encourage", "be patient with", "share with"];
  const whom = ["others", "my neighbours", "strangers", "my friends", "those in need", "children", "people at work", "the old"];
  return begin.flatMap((a) => does.flatMap((b) => whom.map((c) => `${a} ${b} ${c}`)));
}
