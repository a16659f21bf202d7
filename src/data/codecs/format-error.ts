/** Bytes that are not what their format says: the message is one line. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}
