#!/usr/bin/env node
// The command line. It stands in the repository, so that npm and npx find it before anything is built; a clone is built at its
// first call. What is published is built already.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const main = new URL("../dist/cli/main.js", import.meta.url);
const builder = new URL("../scripts/build.mjs", import.meta.url);
if (!existsSync(main) && existsSync(builder)) {
  if (existsSync(new URL("../node_modules/typescript", import.meta.url))) {
    console.error("building apprentice, once ...");
    (await import(builder)).build();
  } else {
    console.error(`error: ${fileURLToPath(new URL("..", import.meta.url))} has no packages yet; there, run: npm ci`);
    process.exit(1);
  }
}
await import(main);
