export { faultOf, isBlank, type RecordFault } from "./faults.ts";
export { type Chunks, gunzipped, lines, preferenceLines, type ReadRecord, recordLines } from "./lines.ts";
export { encodePreferenceParquet, preferenceRows, type RangedFile, recordRows } from "./parquet.ts";
export {
  type PreferenceRecord,
  plainText,
  preferenceRecord,
  type Text,
  type TextPreference,
  type TextRating,
} from "./record.ts";
export {
  countWords,
  type LengthSpread,
  type PreferenceSurvey,
  surveyPreferences,
  surveyTexts,
  type TextSurvey,
} from "./survey.ts";
export { type TextRecord, textParagraphs, textRecords } from "./text-record.ts";
export { tokenisedPreferences, tokenisedRatings, tokenisedTexts } from "./tokenised.ts";
