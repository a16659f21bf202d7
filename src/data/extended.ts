/** Numbers side by side, as a state or a data set holds them. */
export type Column = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

/** The room that the newest view of it fills from the beginning, and has to itself behind its end. */
interface Room {
  readonly all: Column;
  newest: Column;
}

const rooms = new WeakMap<Column, Room>();

/**
 * A column with `more` behind it. Both share their memory where there is room, which doubles when it is full, so that a
 * column of n numbers costs O(n) in all however it arrives. The given one stays as it is: what was written is never
 * written again, and going on from an older column twice copies it.
 */
export function extended<C extends Column>(column: C, more: ArrayLike<number>): C {
  const { length } = column;
  const wanted = length + more.length;
  let room = rooms.get(column);
  if (!room || room.newest !== column || room.all.length < wanted) {
    const all = new (column.constructor as new (length: number) => C)(Math.max(wanted, length === 0 ? 0 : 2 * length));
    all.set(column);
    room = { all, newest: column };
  }
  room.all.set(more, length);
  const longer = room.all.subarray(0, wanted) as C;
  room.newest = longer;
  rooms.set(longer, room);
  return longer;
}
