import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../laws/sources.ts";

/**
 * Compiles the command line once, before the tests that start it as a process, and gives them a copy of their own: nobody
 * who builds meanwhile changes the program under them.
 */
export default function setup(): () => void {
  const script = `import { build } from ${JSON.stringify(join(ROOT, "scripts", "build.mjs"))}; build();`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  if (status !== 0) throw new Error("dist/ could not be built; see the compiler's messages above");
  const copy = join(ROOT, "node_modules", `.apprentice-tests-${process.pid}`);
  for (const name of ["dist", "package.json"]) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  process.env.APPRENTICE_TESTED = join(copy, "dist", "cli", "main.js");
  return () => rmSync(copy, { recursive: true, force: true });
}
