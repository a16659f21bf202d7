import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The built `apprentice` as a process of its own, in a folder. */
export function begin(args: readonly string[], cwd: string): { child: ChildProcess; ended: Promise<Ended> } {
  return started([process.env.APPRENTICE_TESTED as string, ...args], cwd);
}

function started(args: readonly string[], cwd: string): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const said = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    said.out += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    said.err += text;
  });
  return { child, ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, ...said }))) };
}

/** The same, to its end. Arguments are words of one line. */
export function apprentice(line: string, cwd: string): Promise<Ended> {
  return begin(line.split(" "), cwd).ended;
}

/**
 * A command that was sent a signal in the middle of its work, which `caught` tells from a folder. No signal is sure to come
 * in time on a machine that has other work: where the command was quicker, another one begins, in another folder.
 * @returns what became of it, and its folder's name, `name` and how many there were before
 */
export async function interrupted(
  line: (name: string) => string,
  name: string,
  caught: (name: string) => boolean,
  signal: "SIGINT" | "SIGKILL",
  cwd: string,
): Promise<Ended & { readonly name: string }> {
  let found: Ended = { code: 0, out: "", err: "" };
  for (let i = 0; i < 20; i++) {
    const { child, ended } = begin(line(`${name}-${i}`).split(" "), cwd);
    while (child.exitCode === null && !caught(`${name}-${i}`)) await wait(1);
    child.kill(signal);
    found = await ended;
    if (found.code === (signal === "SIGINT" ? 130 : null)) return { ...found, name: `${name}-${i}` };
  }
  throw new Error(`${signal} caught none of 20 times: ${line(name)}\nthe last ended with ${found.code}: ${found.err}`);
}

const LINES = fileURLToPath(new URL("lines.mjs", import.meta.url));
const MARK = "\u001eend of a line\u001e";

/**
 * What each of many command lines comes to, one after the other in a folder. They share a process that loads the program once,
 * which takes longer than most of them; one that ended the process, or kept it from ending, would fail them all.
 */
export async function apprenticeEach(lines: readonly string[], cwd: string): Promise<Ended[]> {
  const words = JSON.stringify(lines.map((line) => line.split(" ")));
  const { code, out, err } = await started([LINES, process.env.APPRENTICE_TESTED as string, words, MARK], cwd).ended;
  const outs = out.split(MARK);
  const errs = err.split(MARK);
  if (code !== 0 || outs.length !== lines.length + 1 || errs.length !== lines.length + 1) {
    throw new Error(`line ${errs.length} of ${lines.length} ended the process with ${code}: ${errs.at(-1)}`);
  }
  return lines.map((_, i) => {
    const [, said, status] = /^([\s\S]*?)(\d+|undefined)$/.exec(errs[i]) as RegExpExecArray;
    return { code: Number(status), out: outs[i], err: said };
  });
}

/** The JSON object on the last line of standard output. */
export function lastLine(ended: Ended): Record<string, unknown> {
  return JSON.parse(ended.out.trimEnd().split("\n").at(-1) as string);
}

/** A folder to work in; in memory where the machine has one there, as a kill loses nothing that was written. */
export function newFolder(): string {
  return mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "apprentice-cli-"));
}

/** All that a finished run leaves which must not hang on interruptions, as hashes. */
export function outcome(run: string): Record<string, string> {
  const states = join(run, "checkpoint");
  const newest = readdirSync(states)
    .filter((name) => name.endsWith(".safetensors"))
    .sort()
    .at(-1) as string;
  const files = [join("checkpoint", newest), "metrics.jsonl", "policy.onnx", "verdict.json"];
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(run, name)))
        .digest("hex"),
    ]),
  );
}

/** The newest round of which a checkpoint counts. */
export function newestRound(run: string): number {
  const states = join(run, "checkpoint");
  if (!existsSync(states)) return 0;
  return Math.max(0, ...readdirSync(states).map((name) => (/^\d+\.json$/.test(name) ? Number.parseInt(name, 10) : 0)));
}
