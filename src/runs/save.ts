import { writeWhole } from "./disk.ts";

/** What can be kept as one ONNX file. */
export interface Savable {
  toOnnx(): Uint8Array;
}

/**
 * Writes a policy to a file that any ONNX runtime executes: whole or not at all. Throws a `StorageError` that names the file
 * where the disk refuses. (A page, which has no files, takes `policy.toOnnx()` itself.)
 */
export async function save(policy: Savable, path: string): Promise<void> {
  writeWhole(path, policy.toOnnx());
}
