// npm run bench -- [ROW ...] [--peers] [--json]: compiles the library and bench/, then measures.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, root } from "./build.mjs";
import { finish, install, run, runPackage } from "./prepare.mjs";

await finish(() => {
  install();
  build();
  const out = join(root, "dist-bench");
  rmSync(out, { recursive: true, force: true });
  const status = runPackage("typescript/bin/tsc", ["-p", "bench/tsconfig.json"]);
  if (status !== 0) throw new Error(`bench/ does not compile: tsc ended with ${status}; see its messages above`);
  cpSync(join(root, "bench", "peers"), join(out, "peers"), { recursive: true }); // the programs of others stand beside ours
  return run(process.execPath, [join(out, "main.js"), ...process.argv.slice(2)]);
});
