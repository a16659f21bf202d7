import type { Plain } from "../mdp/index.ts";

/** Typed arrays that only ever get longer, by their paths in a state (`data/actions`). */
export type Growth = Readonly<Record<string, GrowingColumn>>;

export type GrowingColumn = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

type Tree = { readonly [key: string]: Plain };

/** A state without the columns at these paths, and those. Nothing is copied but the objects on the way. Throws if there is none at a path. */
export function parted(state: Plain, paths: readonly string[]): { rest: Plain; growth: Growth } {
  const growth: Record<string, GrowingColumn> = {};
  let rest = state;
  for (const path of paths) {
    rest = changed(rest, path.split("/"), (found) => {
      if (!ArrayBuffer.isView(found)) throw new TypeError(`the state has no column at ${path}, found ${typeof found}`);
      growth[path] = found;
      return null;
    });
  }
  return { rest, growth };
}

/** A state with its columns back in their places. */
export function joined(rest: Plain, growth: Growth): Plain {
  return Object.entries(growth).reduce((state, [path, column]) => changed(state, path.split("/"), () => column), rest);
}

function changed(tree: Plain, [key, ...others]: readonly string[], change: (found: Plain) => Plain): Plain {
  const found = (tree as Tree)?.[key];
  return { ...(tree as Tree), [key]: others.length > 0 ? changed(found, others, change) : change(found) };
}
