export { type Chunks, gunzipped, lines, preferenceLines } from "./lines.ts";
export { encodePreferenceParquet, preferenceRows, type RangedFile } from "./parquet.ts";
export {
  type PreferenceRecord,
  plainText,
  preferenceRecord,
  type Text,
  type TextPreference,
  type TextRating,
} from "./record.ts";
export { countWords, type LengthSpread, type PreferenceSurvey, surveyPreferences } from "./survey.ts";
export { tokenisedPreferences, tokenisedRatings } from "./tokenised.ts";
