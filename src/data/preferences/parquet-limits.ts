import type { FileMetaData } from "hyparquet";
import type { RangedFile } from "./parquet.ts";
import { type Thrift, type ThriftStruct, thriftStruct } from "./thrift.ts";

// A Parquet file says how long everything in it is. Whoever reads it makes room for that; so it is held against the bytes first.

/** Rows of a group, and values of its columns, at most: more would not fit in memory side by side. */
const ROWS = 2 ** 22;
const VALUES = 2 ** 24;
/** Bytes of a page at most, when it is unpacked, and how many of a packed byte, beyond what every page may have. */
const LARGEST = 2 ** 29;
const [EACH, ANY] = [2 ** 16, 2 ** 20];
/** The first and last bytes of a file. */
const MAGIC = 4;

/** Throws unless the file's end is there and every length in it is one of bytes that are there. Nothing is made of them yet. */
export async function checkFooter(file: RangedFile): Promise<void> {
  const { byteLength } = file;
  if (byteLength < 3 * MAGIC) throw new RangeError(`it has ${byteLength} bytes`);
  const tail = new DataView(await file.slice(byteLength - 2 * MAGIC, byteLength));
  if (tail.getUint32(MAGIC, true) !== 0x31524150) throw new RangeError("it does not end with PAR1");
  const length = tail.getUint32(0, true);
  const start = byteLength - 2 * MAGIC - length;
  if (start < MAGIC) throw new RangeError(`its last part is said to have ${length} bytes, the file has ${byteLength}`);
  const { value } = thriftStruct(new Uint8Array(await file.slice(start, byteLength - 2 * MAGIC)), 0);
  const schema = listOf(value[2]);
  const children = schema.map((element) => countOf((element as ThriftStruct)[5] ?? 0, "a column", schema.length));
  let open = 1;
  const levels: number[] = [];
  for (const n of children) {
    if (open === 0) break;
    while (levels[levels.length - 1] === 0) levels.pop();
    if (levels.length > 0) levels[levels.length - 1]--;
    if (n > 0) levels.push(n);
    if (levels.length > 32) throw new RangeError("its columns have more than 32 levels");
    open += n - 1;
  }
  if (open !== 0) throw new RangeError("its columns are not as many as it says");
}

/** Throws unless the pages of a group of rows are as long and as many as their headers say, and fit in memory. */
export async function checkGroup(file: RangedFile, group: FileMetaData["row_groups"][number]): Promise<void> {
  const rows = countOf(group.num_rows, "the rows of a group", ROWS);
  for (const { meta_data: column, file_path } of group.columns) {
    if (!column || file_path) throw new RangeError("a column stands in another file");
    const name = column.path_in_schema.join(".");
    const values = countOf(column.num_values, `the values of column ${name}`, VALUES);
    if (values < rows) throw new RangeError(`column ${name} has ${values} values for ${rows} rows`);
    const end = file.byteLength - 2 * MAGIC;
    const dictionary = Number(column.dictionary_page_offset ?? 0n);
    const from = countOf(dictionary > 0 ? dictionary : column.data_page_offset, `the beginning of column ${name}`, end);
    const size = countOf(column.total_compressed_size, `the bytes of column ${name}`, end - from);
    const found = pagesIn(new Uint8Array(await file.slice(from, from + size)), name);
    if (found !== values) throw new RangeError(`column ${name} is said to have ${values} values, its pages have ${found}`);
  }
}

/** The values in the pages of a column. */
function pagesIn(bytes: Uint8Array, name: string): number {
  let found = 0;
  for (let at = 0; at < bytes.length; ) {
    const { value: header, end } = thriftStruct(bytes, at);
    const packed = countOf(header[3], `a page of column ${name}`, bytes.length - end);
    const unpacked = countOf(header[2], `a page of column ${name}, unpacked,`, Math.min(LARGEST, ANY + EACH * packed));
    const values = (field: Thrift | undefined, most: number) =>
      field === undefined ? 0 : countOf((field as ThriftStruct)[1], `the values of a page of column ${name}`, most);
    values(header[7], unpacked); // each entry of a dictionary has a byte or more
    found += values(header[5] ?? header[8], VALUES);
    at = end + packed;
  }
  return found;
}

function listOf(value: Thrift | undefined): readonly Thrift[] {
  if (!Array.isArray(value)) throw new RangeError("a list is missing in its last part");
  return value;
}

function countOf(value: Thrift | undefined, what: string, most: number): number {
  const n = Number(value as number | bigint);
  if (!(Number.isInteger(n) && n >= 0 && n <= most)) {
    throw new RangeError(`${what} is said to be ${value === undefined ? "nothing" : String(value)}, expected 0 to ${most}`);
  }
  return n;
}
