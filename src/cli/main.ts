import { type Command, CommanderError } from "commander";
import { StorageError } from "../runs/disk.ts";
import { BadInput, exit, Interrupted } from "./exit.ts";
import { program } from "./program.ts";
import { say } from "./terminal.ts";

/** Every command throws instead of ending the process, and says its errors in one line. */
function strict(command: Command): void {
  command.exitOverride().showHelpAfterError(false);
  const settings = command.name() === "train" ? "; settings of the algorithm go by --set name=value" : "";
  command.configureOutput({
    outputError: (text, write) => {
      const hint = text.includes("unknown option") ? settings : "";
      write(`${text.trim().replace(/\.$/, "").replaceAll("\n", " ")}${hint}; see: ${path(command)} --help\n`);
    },
  });
  for (const child of command.commands) strict(child);
}

function path(command: Command): string {
  return command.parent ? `${path(command.parent)} ${command.name()}` : command.name();
}

/** Of a command that there is not there is no help either: without the question for it, it is refused like any other. */
function withoutHelp(command: Command, words: string[]): string[] {
  const name = words.find((word) => !word.startsWith("-"));
  if (command.commands.length === 0 || name === undefined || name === "help") return words;
  const known = command.commands.find((child) => child.name() === name || child.aliases().includes(name));
  if (!known) return words.filter((word) => word !== "--help" && word !== "-h");
  const at = words.indexOf(name) + 1;
  return [...words.slice(0, at), ...withoutHelp(known, words.slice(at))];
}

/** Runs the command line; gives the exit code. */
async function main(): Promise<number> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exit.fine); // whoever read has read enough
    throw error;
  });
  try {
    const apprentice = program();
    strict(apprentice);
    await apprentice.parseAsync(withoutHelp(apprentice, process.argv.slice(2)), { from: "user" });
    return exit.fine;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.fine : exit.badInput;
    if (error instanceof Interrupted) {
      say(error.message);
      return exit.interrupted;
    }
    const plain = error instanceof BadInput || error instanceof StorageError || !(error instanceof TypeError);
    const { message, stack } = error as Error;
    say(process.env.APPRENTICE_DEBUG || !plain ? `error: ${stack}` : `error: ${message}`);
    return error instanceof BadInput ? exit.badInput : exit.failed;
  }
}

process.exitCode = await main();
