import { type Disk, disk } from "../src/runs/disk.ts";

/** A disk that doesn't wait for the medium: no test cuts the power. */
export const unsynced: Disk = { ...disk, sync: () => {}, syncFolder: () => {} };

/** A disk that does `wrong` at its n-th call; `gone`: it does nothing from then on, as for a killed process. */
export function faulty(n: number, wrong: () => never, gone: boolean): { disk: Disk; calls: () => number } {
  let calls = 0;
  const guarded = Object.entries(unsynced).map(([name, call]) => [
    name,
    (...given: never[]) => {
      if (name === "close") return (call as (...all: never[]) => unknown)(...given);
      calls += 1;
      if (gone ? calls >= n : calls === n) wrong();
      return (call as (...all: never[]) => unknown)(...given);
    },
  ]);
  return { disk: Object.fromEntries(guarded) as unknown as Disk, calls: () => calls };
}

/** Throws an error as Node does for a call of the system. */
export function systemError(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}
