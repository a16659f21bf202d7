/**
 * A taste for words: the sum of the weights of a text's words, each as often as it stands there. Lists of words with weights, such
 * as AFINN's (Nielsen 2011), say how positive a text is.
 */
export function lexicon(weights: ReadonlyMap<string, number>): (text: string) => number {
  return (text) => {
    let sum = 0;
    for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{M}\p{N}'’-]+/gu))
      sum += weights.get(word.replaceAll("’", "'")) ?? 0;
    return sum;
  };
}

/** Words with weights from a text, a word and its weight a line with a tab or commas between them. Throws, naming the line. */
export function readLexicon(text: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [word, weight, ...rest] = line.split(/\t|,/).map((part) => part.trim());
    if (!word || rest.length > 0 || weight === undefined || weight === "" || !Number.isFinite(Number(weight)))
      throw new RangeError(`line ${i + 1} is ${JSON.stringify(line.slice(0, 60))}, expected a word, a tab and a number`);
    weights.set(word.toLowerCase(), Number(weight));
  }
  if (weights.size === 0) throw new RangeError("found no words, expected a word and its weight a line");
  return weights;
}
