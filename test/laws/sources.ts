import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export interface Source {
  /** From the project's folder, with forward slashes: `src/mdp/space.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Every file below a folder of the project that ends so. */
export function sources(folder: string, ending = ".ts"): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => posix.join(folder, name.split(sep).join("/")))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

export interface Import {
  /** What stands between the quotes. */
  readonly specifier: string;
  /** The file it leads to, from the project's folder; `undefined` for a package. */
  readonly target: string | undefined;
  readonly typesOnly: boolean;
}

/** All that a file imports, statically, dynamically, or by re-exporting. */
export function importsOf({ path, text }: Source): Import[] {
  const pattern = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|import\(\s*"([^"]+)"\s*\)/g;
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(pattern)].map((match) => {
    const specifier = match[2] ?? match[3];
    const target = specifier.startsWith(".")
      ? relative(ROOT, join(ROOT, dirname(path), specifier))
          .split(sep)
          .join("/")
      : undefined;
    return { specifier, target, typesOnly: match[1] !== undefined };
  });
}
