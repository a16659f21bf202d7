/** A world failed: it threw, or gave what is not of its spaces. `copy` says which of those that step together, where that is known. */
export class WorldError extends Error {
  readonly copy: number | undefined;
  constructor(message: string, options: { readonly copy?: number; readonly cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.name = "WorldError";
    this.copy = options.copy;
  }
}
