// npm test: installs what is missing, then types, lint and all tests. Stops at the first stage that fails, with its exit code.
import { build } from "./build.mjs";
import { finish, install, runPackage } from "./prepare.mjs";

const stages = [
  ["types", "typescript/bin/tsc", ["-p", "tsconfig.json"]],
  ["types without Node or the DOM", "typescript/bin/tsc", ["-p", "tsconfig.portable.json"]],
  ["lint", "@biomejs/biome/bin/biome", ["check", "--error-on-warnings", "."]],
  ["tests", "vitest/vitest.mjs", ["run", ...process.argv.slice(2)]],
];

await finish(() => {
  install();
  for (const [name, program, args] of stages) {
    console.error(`\n${name}`);
    if (name === "tests") build();
    const status = runPackage(program, args);
    if (status !== 0) {
      if (name !== "tests") console.log(`\n${name} failed; the tests were not run\n\n0 passed, 1 failed`);
      return status;
    }
  }
  return 0;
});
