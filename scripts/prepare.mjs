// What `npm start`, `npm test` and `npm run bench` do first: install what is missing. Built-in modules only.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "./build.mjs";

const LEAST = [20, 19];

/** Throws, saying which, on a Node that is too old. */
function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return;
  throw new Error(`this is Node ${process.versions.node}, expected ${LEAST.join(".")} or later; install a newer one`);
}

/** Installs the packages of the lockfile where they are missing or others. */
export function install() {
  checkNode();
  if (installed()) return;
  console.error("installing packages (npm ci), once ...");
  const status = run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (status !== 0) throw new Error(`npm ci ended with ${status}; see its messages above`);
}

/** Whether node_modules/ holds what the lockfile asks for: npm keeps a list of what it put there. */
function installed() {
  const [list, lock] = ["node_modules/.package-lock.json", "package-lock.json"].map((name) => join(root, name));
  if (!existsSync(list)) return false;
  if (statSync(list).mtimeMs >= statSync(lock).mtimeMs) return true;
  const [found, wanted] = [list, lock].map((path) => JSON.parse(readFileSync(path, "utf8")).packages);
  return Object.entries(wanted).every(([name, { version, optional, peer, link }]) => {
    if (name === "" || link) return true;
    return found[name] ? found[name].version === version : optional || peer; // other platforms' packages are left out
  });
}

/** Runs a program in the clone's folder; gives its exit code. */
export function run(command, args, options = {}) {
  const shell = process.platform === "win32" && command === "npm"; // npm is a script there
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", shell, ...options });
  if (error) throw error;
  return status ?? 1;
}

/** Runs a package's program with this very Node. */
export function runPackage(path, args, options) {
  return run(process.execPath, [join(root, "node_modules", ...path.split("/")), ...args], options);
}

/** Ends the process with the code that `main` gives, or with 1 and one line about what went wrong. */
export async function finish(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  }
}
