import { rng } from "../../autodiff/index.ts";
import { type PackedRows, packRows, type Rows, tokenSequences } from "../../data/index.ts";
import type { LanguageFamily } from "../../policies/index.ts";

/** Tokens x of a prompt and y of what is learned behind it. */
export interface TokenPair {
  readonly x: Int32Array;
  readonly y: Int32Array;
}

/** Texts that may be larger than memory: each row gives the sequences of one record when it is asked for. */
export type TokenRows = Rows<readonly TokenPair[]>;

/** What a pass over the texts has found out. Plain data. */
export interface PageTable {
  /** Packed rows of each page. */
  rows: Uint32Array;
  /** Sequences longer than a row. */
  cut: number;
}

/** How texts are divided: only one page is in memory at a time. */
export interface Paging {
  /** Records of a page. */
  readonly page: number;
  readonly length: number;
  readonly packing: boolean;
  readonly seed: number;
}

/** The rows of page p: always the same records, drawn once by the seed from all of them. */
export async function loadPage(family: LanguageFamily, texts: TokenRows, p: number, how: Paging): Promise<PackedRows> {
  const order = rng(how.seed).split("pages").permutation(texts.length);
  const found = (await texts.get(order.subarray(p * how.page, (p + 1) * how.page))).flat();
  return packRows(tokenSequences(family.config.vocabulary, found), how.length, { alone: !how.packing });
}

/** Goes through all texts once, a page at a time, to count rows. */
export async function countPages(family: LanguageFamily, texts: TokenRows, how: Paging): Promise<PageTable> {
  const rows = new Uint32Array(Math.ceil(texts.length / how.page));
  let cut = 0;
  for (let p = 0; p < rows.length; p++) {
    const packed = await loadPage(family, texts, p, how);
    rows[p] = packed.rows;
    cut += packed.cut;
  }
  return { rows, cut };
}

/**
 * The minibatch of update t: pages come in an order drawn anew for every epoch, and so do the rows of a page. It follows from t alone,
 * so a run goes on anywhere.
 */
export function pageBatches(
  family: LanguageFamily,
  texts: TokenRows,
  { rows }: PageTable,
  how: Paging & { readonly batchSize: number },
): { perEpoch: number; batchAt(t: number): Promise<{ rows: PackedRows; batch: Uint32Array }> } {
  const updates = Array.from(rows, (n) => Math.ceil(n / how.batchSize));
  const perEpoch = updates.reduce((a, b) => a + b, 0);
  let current: { p: number; rows: PackedRows } | undefined;
  const batchAt = async (t: number) => {
    const epoch = Math.floor(t / perEpoch);
    const random = rng(how.seed).split("rows").split(epoch);
    const pages = random.split("pages").permutation(rows.length);
    let at = t % perEpoch;
    let k = 0;
    for (; at >= updates[pages[k]]; k++) at -= updates[pages[k]];
    const p = pages[k];
    if (current?.p !== p) current = { p, rows: await loadPage(family, texts, p, how) };
    const order = random.split(p).permutation(rows[p]);
    return { rows: current.rows, batch: order.slice(at * how.batchSize, (at + 1) * how.batchSize) };
  };
  return { perEpoch, batchAt };
}
