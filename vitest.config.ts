import { defineConfig } from "vitest/config";
import Order from "./test/order.ts";

/** Files that share a process with no other: one replaces a module by another (`vi.mock`), one measures memory. */
const ALONE = ["src/cli/benchmark-plan.test.ts", "src/algorithms/direct/pictures.test.ts"];

export default defineConfig({
  resolve: { conditions: ["@apprentice/source"] },
  ssr: { resolve: { conditions: ["@apprentice/source"] } },
  test: {
    testTimeout: 300_000, // it is there to end what hangs; a machine that has other work can be ten times slower
    hookTimeout: 300_000,
    maxWorkers: "100%", // one fewer would leave half of a small machine idle
    sequence: { sequencer: Order },
    reporters: ["default", "./test/closing-line.ts"],
    projects: [
      // These start the command line as a process, so it is built first; that is left out where none of them is run.
      {
        extends: true,
        test: {
          name: "processes",
          include: ["test/cli/**/*.test.ts"],
          globalSetup: "./test/cli/built.ts",
          isolate: false,
        },
      },
      { extends: true, test: { name: "alone", include: ALONE } },
      // One load of the library serves all files of a worker: it keeps no state but caches.
      {
        extends: true,
        test: {
          name: "library",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["test/cli/**", ...ALONE],
          isolate: false,
        },
      },
    ],
  },
});
