import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";
import { attempt, type Disk, disk, StorageError, writeAll } from "./disk.ts";

/** Another process is at work in the folder. */
export class LockedError extends Error {
  constructor(folder: string, holder: Holder) {
    super(
      holder.host === hostname()
        ? `${folder} is in use by process ${holder.pid}; wait until that has ended, or stop it first`
        : `${folder} is in use by process ${holder.pid} on ${holder.host}; if that has ended, remove ${join(folder, LOCK)}`,
    );
    this.name = "LockedError";
  }
}

/** Who has a run open. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, by the system's own count: numbers of processes are used again. */
  readonly started?: string;
}

/** The name of the lock in the folder of a run. */
export const LOCK = "lock";

/** The folders that this process holds. */
const held = new Set<string>();

/**
 * Takes a folder for this process; gives the function that lets it go. The lock of a process that was killed is taken
 * over. Throws a `LockedError` if another process, or another part of this one, has it.
 */
export function lock(folder: string, d: Disk = disk): () => void {
  const path = join(folder, LOCK);
  const me: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  const name = resolve(folder);
  if (held.has(name)) throw new LockedError(folder, me);
  const own = join(folder, `.${LOCK}.${process.pid}.tmp`);
  attempt(path, () => {
    const fd = d.open(own, "w");
    try {
      writeAll(d, fd, Buffer.from(`${JSON.stringify(me)}\n`));
    } finally {
      d.close(fd);
    }
  });
  try {
    // The link is made with its content in one call of the system, or fails because there is one.
    while (!linked(path, () => d.link(own, path))) {
      const holder = read(path);
      if (holder === undefined) continue; // it was let go just now
      if (alive(holder)) throw new LockedError(folder, holder);
      remove(path, holder, d);
    }
  } finally {
    attempt(own, () => d.remove(own));
  }
  held.add(name);
  return () => {
    if (!held.delete(name)) return;
    attempt(path, () => d.remove(path));
  };
}

function linked(path: string, link: () => void): boolean {
  try {
    link();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new StorageError(path, error);
  }
}

/** Takes a dead process's lock away; puts it back if it turns out to be one that another process has just made. */
function remove(path: string, dead: Holder, d: Disk): void {
  const aside = join(dirname(path), `.${LOCK}.${process.pid}.dead.tmp`);
  try {
    d.rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new StorageError(path, error);
  }
  const found = read(aside);
  if (found && (found.pid !== dead.pid || found.started !== dead.started)) linked(path, () => d.link(aside, path));
  attempt(aside, () => d.remove(aside));
}

function read(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, "utf8"));
    if (Number.isInteger(holder?.pid) && typeof holder?.host === "string") return holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  }
  return { pid: 0, host: hostname() }; // unreadable: nobody's
}

function alive({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return true; // not to be known from here
  if (pid <= 0 || pid === process.pid) return false; // a lock of this number that this process does not hold is an old one
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return started === undefined || startOf(pid) === undefined || startOf(pid) === started;
}

/** When a process started, in ticks since the machine did, where the system says so. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
