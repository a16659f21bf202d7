import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    testTimeout: 60_000,
    maxWorkers: "100%", // one fewer would leave half of a small machine idle
    reporters: ["default", "./test/closing-line.ts"],
    projects: [
      {
        extends: true,
        test: { name: "library", include: ["src/**/*.test.ts", "test/**/*.test.ts"], exclude: ["test/cli/**"] },
      },
      // These start the command line as a process, so it is built first; that is left out where none of them is run.
      { extends: true, test: { name: "processes", include: ["test/cli/**/*.test.ts"], globalSetup: "./test/cli/built.ts" } },
    ],
  },
});
