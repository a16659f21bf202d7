// npm run example -- NAME: runs examples/NAME.ts against the built library, on a Node that does not read TypeScript itself.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, root } from "./build.mjs";
import { finish, install, run } from "./prepare.mjs";

await finish(async () => {
  install();
  const names = readdirSync(join(root, "examples")).map((name) => name.replace(/\.ts$/, ""));
  const name = process.argv[2]?.replace(/\.ts$/, "");
  if (!names.includes(name)) throw new Error(`there is no example "${name ?? ""}"; there are ${names.join(", ")}`);
  build();
  const { default: ts } = await import("typescript");
  const source = readFileSync(join(root, "examples", `${name}.ts`), "utf8");
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
  const folder = join(root, "dist-examples"); // inside of the package, whose name they import, and no part of what is published
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, ts.transpileModule(source, { compilerOptions }).outputText);
  return run(process.execPath, [file]);
});
