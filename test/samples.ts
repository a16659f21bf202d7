import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./laws/sources.ts";

/** A program in a page, as it stands between ```ts and ```. */
export interface Sample {
  /** `docs/dagger.md#1`: the page and the number of its program. */
  readonly name: string;
  readonly code: string;
}

/** The programs of README.md and of all pages in docs/. */
export function samples(): Sample[] {
  const pages = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)];
  return pages
    .filter((name) => name.endsWith(".md"))
    .flatMap((page) =>
      [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code], i) => ({
        name: `${page}#${i + 1}`,
        code,
      })),
    );
}
