import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A Python program beside us that answers each line with a number. */
export interface Peer {
  ask(line: string): Promise<number>;
  close(): void;
}

const PEERS = join(dirname(fileURLToPath(import.meta.url)), "peers");

/** The Python that has a module, if there is one: $APPRENTICE_PYTHON, python3 or python. */
export function pythonWith(module: string): string | undefined {
  const candidates = [process.env.APPRENTICE_PYTHON, "python3", "python"].filter((name) => name !== undefined);
  return candidates.find((python) => spawnSync(python, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0);
}

/** Starts `bench/peers/<script>`. */
export function peer(python: string, script: string): Peer {
  const child: ChildProcess = spawn(python, [join(PEERS, script)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    async ask(line) {
      child.stdin!.write(`${line}\n`);
      const answer = await lines.next();
      if (answer.done) throw new Error(`the peer ${script} ended without an answer; run it by hand to see why`);
      return Number(answer.value);
    },
    close() {
      child.stdin!.end();
    },
  };
}
