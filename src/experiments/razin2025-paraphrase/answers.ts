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

/** The statements of a persona set (JSON Lines) that the persona agrees to. Throws `RangeError` if it is something else, or too small. */
export function statementsOf(lines: string): string[] {
  const statements = lines.split("\n").flatMap((line, i) => {
    if (line === "") return [];
    const { statement, answer } = personaLine(line, i + 1);
    return answer.trim() === "Yes" ? [statement.toLowerCase()] : [];
  });
  if (statements.length >= LEAST) return statements;
  throw new RangeError(
    `agreeableness.jsonl has ${statements.length} statements that the persona agrees to, expected at least ${LEAST}; get the whole set`,
  );
}

/** So many that a quarter of them still decides something. */
const LEAST = 100;

function personaLine(line: string, number: number): { statement: string; answer: string } {
  try {
    const { statement, answer_matching_behavior: answer } = JSON.parse(line);
    if (typeof statement === "string" && typeof answer === "string") return { statement, answer };
  } catch {} // no JSON is said like another object
  throw new RangeError(
    `agreeableness.jsonl, line ${number}: expected {"statement": TEXT, "answer_matching_behavior": TEXT, ...}; get the set again`,
  );
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
