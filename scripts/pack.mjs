// npm run pack: builds, then makes the file that is published (apprentice-VERSION.tgz) and checks that it is whole: every export
// and program is in it, and what its pages link to. `npm pack` by itself takes whatever lies in dist/: no script runs before it (.npmrc).

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { build, root } from "./build.mjs";
import { finish, install } from "./prepare.mjs";

/** Runs `npm pack`; gives the list of files that it would take, or has taken. */
function pack(...options) {
  const shell = process.platform === "win32"; // npm is a script there
  const { status, stdout } = spawnSync("npm", ["pack", "--json", ...options, ...process.argv.slice(2)], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    maxBuffer: 1 << 26,
    shell,
  });
  if (status !== 0) throw new Error(`npm pack ended with ${status}; see its messages above`);
  return JSON.parse(stdout)[0];
}

/** The files that package.json names: what is exported, under each condition, and the programs. */
function named() {
  const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const targets = Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)));
  const types = targets.filter((path) => path.endsWith(".js")).map((path) => path.replace(/\.js$/, ".d.ts"));
  return [...targets, ...types, ...Object.values(bin)].map((path) => ["package.json", posix.normalize(path)]);
}

/** What the pages link to, from the package's folder. Tests stay in the repository. */
function linked(pages) {
  return pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)]
      .map(([, path]) => [page, posix.join(posix.dirname(page), path)])
      .filter(([, path]) => !path.endsWith(".test.ts")),
  );
}

await finish(() => {
  install();
  build({ force: true, check: true });
  const files = pack("--dry-run").files.map(({ path }) => path);
  const has = (path) => files.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`));
  const missing = [...named(), ...linked(files.filter((path) => path.endsWith(".md")))].filter(([, path]) => !has(path));
  const needless = files.filter((path) => /\.test\.\w+$|(^|\/)\.built$/.test(path));
  for (const [from, path] of missing) console.error(`${from} names ${path}, which is not among the files of the package`);
  for (const path of needless) console.error(`${path} is of no use to whoever installs the package`);
  if (missing.length + needless.length > 0) throw new Error('the package is not whole: see "files" in package.json');
  const { filename, size, entryCount } = pack();
  console.log(`${filename}: ${entryCount} files, ${(size / 1e6).toFixed(1)} MB`);
  return 0;
});
