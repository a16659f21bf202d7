// Compiles src/ to dist/ when dist/ is older. `npm run build` always compiles, and checks the types on the way.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const stamp = join(dist, ".built");

/** When the newest file below a path was changed, in milliseconds. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function stale() {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  const sources = [
    "src",
    "scripts/meanings.mjs",
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "node_modules/.package-lock.json",
  ];
  return sources.some((name) => existsSync(join(root, name)) && newest(join(root, name)) > built);
}

/**
 * Builds if needed, or by force; gives whether it did. Of two processes at once the second waits for the first. Types are
 * checked only if asked (`npm test` has a stage for them). Throws if the compiler fails.
 */
export function build({ force = false, check = false } = {}) {
  if (!force && !stale()) return false;
  const turn = join(root, "node_modules", ".apprentice-build");
  takeTurn(turn);
  try {
    if (!force && !stale()) return false; // somebody else has built meanwhile
    const began = new Date();
    const fresh = join(root, "node_modules", ".apprentice-dist"); // so that dist/ is whole but for a moment
    rmSync(fresh, { recursive: true, force: true });
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const options = ["-p", join(root, "tsconfig.build.json"), "--outDir", fresh, ...(check ? [] : ["--noCheck"])];
    const { status } = spawnSync(process.execPath, [tsc, ...options], {
      stdio: "inherit",
    });
    if (status !== 0) throw new Error(`the build failed: tsc ended with ${status}; see its messages above`);
    writeMeanings(fresh);
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
    writeFileSync(stamp, "");
    utimesSync(stamp, began, began); // what is changed during the build is newer than it
    return true;
  } finally {
    rmdirSync(turn);
  }
}

/** What the settings mean goes beside the program that shows it; in a process of its own, for whoever builds needn't be async. */
function writeMeanings(folder) {
  const { status, stdout } = spawnSync(process.execPath, [join(root, "scripts", "meanings.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
  });
  if (status !== 0)
    throw new Error(`the build failed: reading what the settings mean ended with ${status}; see its messages above`);
  writeFileSync(join(folder, "meanings.json"), stdout);
}

function takeTurn(folder) {
  for (;;) {
    try {
      mkdirSync(folder);
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (Date.now() - statSync(folder, { throwIfNoEntry: false })?.mtimeMs > 120_000)
        rmSync(folder, { recursive: true, force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build({ force: true, check: true });
