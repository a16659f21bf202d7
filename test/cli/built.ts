import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../laws/sources.ts";

/** Compiles the command line once, before the tests that start it as a process. */
export default function setup(): void {
  const script = `import { build } from ${JSON.stringify(join(ROOT, "scripts", "build.mjs"))}; build();`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  if (status !== 0) throw new Error("dist/ could not be built; see the compiler's messages above");
}
