import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * The calls that change what stands on the disk, so that a test can hand in one that fails, or stops for good, at the
 * n-th of them. All are synchronous: nothing else of the process happens between two of them.
 */
export interface Disk {
  makeFolder(path: string): void;
  /** Opens for writing: `w` from nothing, `a` at the end, `r+` as it is. */
  open(path: string, flags: "w" | "a" | "r+"): number;
  write(fd: number, bytes: Uint8Array): number;
  truncate(fd: number, length: number): void;
  /** Waits until the file is on the medium. */
  sync(fd: number): void;
  close(fd: number): void;
  rename(from: string, to: string): void;
  /** A second name for a file. Throws `EEXIST` where that name is taken. */
  link(from: string, to: string): void;
  remove(path: string): void;
  /** Waits until a folder's entries are on the medium. */
  syncFolder(path: string): void;
}

/** The machine's own disk. */
export const disk: Disk = {
  makeFolder: (path) => {
    fs.mkdirSync(path, { recursive: true });
  },
  open: (path, flags) => fs.openSync(path, flags),
  write: (fd, bytes) => fs.writeSync(fd, bytes),
  truncate: (fd, length) => fs.ftruncateSync(fd, length),
  sync: (fd) => fs.fsyncSync(fd),
  close: (fd) => fs.closeSync(fd),
  rename: (from, to) => fs.renameSync(from, to),
  link: (from, to) => {
    try {
      fs.linkSync(from, to);
    } catch (error) {
      if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL); // a medium without links
    }
  },
  remove: (path) => fs.rmSync(path, { force: true }),
  syncFolder: (path) => {
    if (process.platform === "win32") return; // Windows opens no folders; its renames are durable by its journal
    const fd = fs.openSync(path, "r");
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
};

/** The disk refused: it is full, broken or forbidden. What stood there before still does. */
export class StorageError extends Error {
  readonly file: string;
  /** The system's own word: `ENOSPC`, `EIO`, `EACCES`, ... */
  readonly code: string;
  constructor(file: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException)?.code ?? "EUNKNOWN";
    super(
      `could not write ${file}: ${reasons[code] ?? (cause as Error)?.message ?? cause} (${code}); what was saved before is whole`,
      {
        cause,
      },
    );
    this.name = "StorageError";
    this.file = file;
    this.code = code;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the quota of disk space is used up",
  EIO: "the disk reports a fault",
  EROFS: "the disk is read-only",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  ENOENT: "the folder does not exist",
  ENOTDIR: "a file stands where a folder should",
  EISDIR: "a folder of that name stands there",
};

/** Runs a change of a file. Throws a `StorageError` that names the file where the system refuses. */
export function attempt<T>(file: string, change: () => T): T {
  try {
    return change();
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException)?.code === "string") throw new StorageError(file, error);
    throw error;
  }
}

/** Writes all of `bytes`: one call of the system may write fewer. */
export function writeAll(d: Disk, fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += d.write(fd, bytes.subarray(at));
}

const TEMPORARY = ".tmp";

/**
 * Puts `bytes` under a name, whole or not at all: they are written beside it under a temporary name and synced, then
 * renamed, and the folder is synced. Whatever happens, the name holds what it held before, or all of `bytes`.
 * Throws a `StorageError` that names the file.
 */
export function writeWhole(path: string, bytes: Uint8Array | string, d: Disk = disk): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}${TEMPORARY}`);
  attempt(path, () => {
    try {
      const fd = d.open(temporary, "w");
      try {
        writeAll(d, fd, typeof bytes === "string" ? Buffer.from(bytes) : bytes);
        d.sync(fd);
      } finally {
        d.close(fd);
      }
      d.rename(temporary, path);
    } catch (error) {
      try {
        d.remove(temporary); // room for what comes next
      } catch {}
      throw error;
    }
    d.syncFolder(dirname(path));
  });
}

/** Removes what a killed process left half-written in a folder. */
export function removeTemporaries(folder: string, d: Disk = disk): void {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    if (isTemporary(name)) attempt(join(folder, name), () => d.remove(join(folder, name)));
  }
}

export function isTemporary(name: string): boolean {
  return name.startsWith(".") && name.endsWith(TEMPORARY);
}
