// Runs several command lines one after the other, and loads the program's modules once: main.js itself is evaluated anew for
// each. Its arguments: main.js, and the lines as JSON. What each writes is followed by a mark, on both streams; the mark on
// standard error has its exit code. The process is not told to end: if a command left something open, it would not.
import { setMaxListeners } from "node:events";
import { pathToFileURL } from "node:url";

const [main, lines, mark] = process.argv.slice(2);
setMaxListeners(0, process, process.stdout);
for (const [i, words] of JSON.parse(lines).entries()) {
  process.argv = [process.execPath, main, ...words];
  process.exitCode = undefined;
  await import(`${pathToFileURL(main)}?line=${i}`);
  process.stdout.write(mark);
  process.stderr.write(`${process.exitCode}${mark}`);
}
process.exitCode = 0;
