/** The endings of the names of preference files. */
export const PREFERENCE_ENDINGS: readonly string[] = [".jsonl", ".jsonl.gz", ".json", ".json.gz", ".parquet"];

/** The endings of the names of files with texts. */
export const TEXT_ENDINGS: readonly string[] = [".txt", ".txt.gz", ...PREFERENCE_ENDINGS];
