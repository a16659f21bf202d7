// npm test: installs what is missing, then types and lint side by side, then all tests. What fails is named, with its exit code.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { build, root } from "./build.mjs";
import { finish, install, runPackage } from "./prepare.mjs";

const color = process.stdout.isTTY === true;
const checks = [
  ["types", "typescript/bin/tsc", ["-p", "tsconfig.json", ...kept("types")]],
  ["types without Node or the DOM", "typescript/bin/tsc", ["-p", "tsconfig.portable.json", ...kept("portable")]],
  ["lint", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings", `--colors=${color ? "force" : "off"}`, "."]],
];

/** tsc remembers what it has checked: only what was changed since is checked again. */
function kept(name) {
  const file = join("node_modules", ".cache", "apprentice", `${name}.tsbuildinfo`);
  return ["--incremental", "--tsBuildInfoFile", file, "--pretty", String(color)];
}

/** Runs a package's program; gives its exit code and what it printed. */
function heard(path, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, "node_modules", ...path.split("/")), ...args], { cwd: root });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (more) => {
        text += more;
      });
    }
    child.on("error", (error) => resolve({ status: 1, text: `${error.message}\n` }));
    child.on("close", (status) => resolve({ status: status ?? 1, text }));
  });
}

await finish(async () => {
  install();
  const running = checks.map(([, program, args]) => heard(program, args));
  const failed = [];
  for (const [i, [name]] of checks.entries()) {
    console.error(`\n${name}`);
    const { status, text } = await running[i];
    process.stderr.write(text);
    if (status !== 0) failed.push({ name, status });
  }
  if (failed.length > 0) {
    console.log(
      `\n${failed.map(({ name }) => name).join(", ")} failed; the tests were not run\n\n0 passed, ${failed.length} failed`,
    );
    return failed[0].status;
  }
  console.error("\ntests");
  build();
  return runPackage("vitest/vitest.mjs", ["run", ...process.argv.slice(2)]);
});
