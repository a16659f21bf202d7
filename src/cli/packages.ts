import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * A text file of an installed package, found from this one or from the folder the command is given in. Throws with the
 * command that installs it where there is no such package.
 */
export async function readPackage(name: string, file: string): Promise<string> {
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    let folder: string;
    try {
      folder = dirname(createRequire(from).resolve(`${name}/package.json`));
    } catch {
      continue;
    }
    return readFile(join(folder, file), "latin1");
  }
  throw new Error(`${name} is not installed, and ${file} of it is needed; install it with: npm install ${name}`);
}
