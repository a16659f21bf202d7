/**
 * What an algorithm makes of a state once for a run and can make again after resuming (compiled programs, worlds, what a problem comes
 * to): made where it is first asked for, and kept for as long as the state is. What fails is not kept, so that the next round tries
 * again.
 */
export function madeOnce<State extends object, Rest extends readonly unknown[], Made>(
  make: (state: State, ...rest: Rest) => Made,
): (state: State, ...rest: Rest) => Made {
  const known = new WeakMap<State, { readonly made: Made }>();
  return (state, ...rest) => {
    const before = known.get(state);
    if (before) return before.made;
    const made = make(state, ...rest);
    known.set(state, { made });
    if (made instanceof Promise) made.catch(() => known.delete(state));
    return made;
  };
}
