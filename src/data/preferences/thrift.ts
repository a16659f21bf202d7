/** A value of Thrift's compact protocol; a struct is its fields by their numbers. */
export type Thrift = number | bigint | boolean | Uint8Array | readonly Thrift[] | ThriftStruct;
export interface ThriftStruct {
  readonly [field: number]: Thrift;
}

/** Structs within structs at most. */
const DEPTH = 32;

/**
 * A struct in Thrift's compact protocol, from byte `at` on, and where it ends. Every length is held against the bytes that are there
 * before anything is made of it, so that what it takes in time and memory follows from the bytes. Throws on what goes beyond them.
 */
export function thriftStruct(bytes: Uint8Array, at: number): { readonly value: ThriftStruct; readonly end: number } {
  let i = at;
  const byte = (): number => {
    if (i >= bytes.length) throw new RangeError("a header goes beyond its end");
    return bytes[i++];
  };
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const own = byte();
      value |= BigInt(own & 0x7f) << shift;
      if (own < 0x80) return value;
    }
    throw new RangeError("a number in a header has more than 10 bytes");
  };
  const zigzag = (): bigint => {
    const n = varint();
    return (n >> 1n) ^ -(n & 1n);
  };
  const counted = (n: bigint): number => {
    if (n > BigInt(bytes.length - i))
      throw new RangeError(`a header says ${n} more of something, ${bytes.length - i} bytes are left`);
    return Number(n);
  };
  const read = (type: number, depth: number): Thrift => {
    switch (type) {
      case 1:
      case 2:
        return type === 1;
      case 3:
        return byte();
      case 4:
      case 5:
        return Number(zigzag());
      case 6:
        return zigzag();
      case 7:
        i += counted(8n);
        return 0; // no real number is asked for
      case 8: {
        const n = counted(varint());
        i += n;
        return bytes.subarray(i - n, i);
      }
      case 9:
      case 10: {
        const head = byte();
        const n = counted(head >> 4 === 15 ? varint() : BigInt(head >> 4));
        const of = head & 15;
        return Array.from({ length: n }, () => (of === 1 || of === 2 ? byte() === 1 : read(of, depth)));
      }
      case 12:
        return struct(depth + 1);
      default:
        throw new RangeError(`a header has a field of the unknown type ${type}`);
    }
  };
  const struct = (depth: number): ThriftStruct => {
    if (depth > DEPTH) throw new RangeError(`a header has more than ${DEPTH} levels`);
    const fields: Record<number, Thrift> = {};
    let number = 0;
    for (let head = byte(); head !== 0; head = byte()) {
      number = head >> 4 === 0 ? Number(zigzag()) : number + (head >> 4);
      fields[number] = read(head & 15, depth);
    }
    return fields;
  };
  const value = struct(0);
  return { value, end: i };
}
