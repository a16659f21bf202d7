import { exit } from "./exit.ts";
import { say } from "./terminal.ts";

const signals = ["SIGINT", "SIGTERM"] as const;

/** Ctrl-C, listened to until it is released. */
export interface Listening {
  release(): void;
}

function listen(heard: () => void): Listening {
  for (const name of signals) process.on(name, heard);
  return {
    release: () => {
      for (const name of signals) process.off(name, heard);
    },
  };
}

/** The first Ctrl-C (or SIGTERM) asks the work to stop where it can go on; the second ends the process at once. */
export function stopSignal(message: string): Listening & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const { release } = listen(() => {
    if (controller.signal.aborted) process.exit(exit.interrupted);
    controller.abort();
    say(message);
  });
  return { signal: controller.signal, release };
}

/** Ctrl-C (or SIGTERM) ends the process at once, after some last words. */
export function onStop(lastWords: () => void): Listening {
  return listen(() => {
    lastWords();
    process.exit(exit.interrupted);
  });
}
