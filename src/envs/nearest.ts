import { distance } from "fastest-levenshtein";

/** The names that look most like a mistaken one, best first; versions (`-v1`) and capitals count little. */
export function nearest(name: string, names: readonly string[], count = 3): string[] {
  const bare = (text: string) => text.toLowerCase().replace(/-v\d+$/, "");
  const far = (other: string) => distance(bare(name), bare(other)) + 0.1 * distance(name, other);
  return [...names].sort((a, b) => far(a) - far(b)).slice(0, count);
}
