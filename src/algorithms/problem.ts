/**
 * Throws, in a line that says what is missing, unless a problem has the parts that its algorithm needs: the types don't hold in a program
 * that is not type-checked. What each part must be is the algorithm's to check.
 */
export function mustHaveParts(algorithm: { readonly name: string; readonly needs?: readonly string[] }, problem: unknown): void {
  const { name, needs = [] } = algorithm;
  const parts = `{ ${needs.join(", ")} }`;
  if (typeof problem !== "object" || problem === null) {
    throw new TypeError(`${name} is given its problem as an object, found ${String(problem)}; it needs ${parts}`);
  }
  const given = problem as Readonly<Record<string, unknown>>;
  for (const [part, value] of Object.entries(given)) {
    if (value instanceof Promise) throw new TypeError(`${name}: ${part} is a Promise; await it`);
  }
  const missing = needs.find((part) => given[part] === undefined || given[part] === null);
  if (missing) throw new TypeError(`${name} needs ${missing}, found ${String(given[missing])}; it is given ${parts}`);
  if (Array.isArray(given.demos)) {
    throw new TypeError(
      `${name}: demos is a list; fromTrajectories(observationSpace, actionSpace, list) makes a data set of one`,
    );
  }
}
