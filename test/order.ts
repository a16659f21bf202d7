import { relative } from "node:path";
import { BaseSequencer, type TestSequencer, type TestSpecification, type Vitest } from "vitest/node";
import { ROOT } from "./laws/sources.ts";

const PROJECTS = ["processes", "alone", "library"];

/** What takes longest, longest first: begun last, it would leave the other workers idle at the end. */
const LONG = [
  "test/cli/kill.test.ts",
  "test/cli/commands.test.ts",
  "test/cli/reproduce.test.ts",
  "test/cli/benchmark.test.ts",
  "test/cli/reward-model.test.ts",
  "test/experiments.test.ts",
];

/** One project after the other, so that a worker keeps what it has loaded; in each the long files first, then by name. */
export default class Order implements TestSequencer {
  readonly sequencer: BaseSequencer;

  constructor(vitest: Vitest) {
    this.sequencer = new BaseSequencer(vitest);
  }

  shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    return this.sequencer.shard(files);
  }

  async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const keyed = files.map((file) => {
      const path = relative(ROOT, file.moduleId).replaceAll("\\", "/");
      const rank = LONG.indexOf(path);
      return { file, path, project: PROJECTS.indexOf(file.project.name), rank: rank === -1 ? LONG.length : rank };
    });
    keyed.sort((a, b) => a.project - b.project || a.rank - b.rank || (a.path < b.path ? -1 : 1));
    return keyed.map(({ file }) => file);
  }
}
