/** Numbers that arrive a row at a time, in one typed array that doubles when it is full. */
export interface Growing<A> {
  /** How many numbers there are. */
  readonly length: number;
  push(row: ArrayLike<number>): void;
  /** What has arrived: a view, good until the next `push`. */
  values(): A;
}

/** An empty one; `make` gives the arrays. */
export function growing<A extends Float32Array | Float64Array | Int32Array | Uint8Array>(
  make: (length: number) => A,
): Growing<A> {
  let room = make(0);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(row) {
      if (length + row.length > room.length) {
        const wider = make(Math.max(2 * room.length, length + 4 * row.length));
        wider.set(room.subarray(0, length));
        room = wider;
      }
      room.set(row, length);
      length += row.length;
    },
    values: () => room.subarray(0, length) as A,
  };
}
