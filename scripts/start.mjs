// npm start: installs and builds what is missing, then clones the CartPole expert and shows what the clones are worth.
import { join } from "node:path";
import { build, root } from "./build.mjs";
import { finish, install, run } from "./prepare.mjs";

await finish(() => {
  install();
  if (build()) console.error("built dist/");
  return run(process.execPath, [join(root, "dist", "cli", "main.js"), "demo", ...process.argv.slice(2)]);
});
