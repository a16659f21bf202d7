export { animatedSvg, type Showing, type Still, stills } from "./animation.ts";
export { diskCache } from "./array-cache.ts";
export { type Checkpoint, newestCheckpoint } from "./checkpoints.ts";
export type { ColumnMark, ColumnMarks, ColumnType } from "./columns.ts";
export { type Disk, disk, StorageError, writeWhole } from "./disk.ts";
export { type Driven, type DriveOptions, drive } from "./drive.ts";
export { PREFERENCE_ENDINGS, TEXT_ENDINGS } from "./endings.ts";
export {
  type Interval as FigureInterval,
  type IntervalFigure,
  intervalFigure,
  type LineFigure,
  lineFigure,
  png,
  type Series,
} from "./figures.ts";
export { type Film, type FilmOptions, film } from "./film.ts";
export { type Holder as LockHolder, LockedError } from "./lock.ts";
export { type Mark as MetricsMark, type Metrics, readRecords } from "./metrics.ts";
export {
  openPreferences,
  openTexts,
  type PreferenceFile,
  type RecordFile,
  readPreferences,
  streamPreferences,
  streamTexts,
} from "./preferences.ts";
export { filesIn, loadAdapter, loadPretrained, saveFolder } from "./pretrained.ts";
export {
  type Headed as SectionHeading,
  type Link as ReportLink,
  type Report,
  reportPage,
  type Section,
  type Source as ReportSource,
  type Table,
} from "./report.ts";
export { type EndpointOptions, rewardEndpoint, type TextAnswer } from "./reward-endpoint.ts";
export { type Savable, save } from "./save.ts";
export {
  createRun,
  FolderTakenError,
  mustBeFree,
  openRun,
  type RunConfig,
  type RunFolder,
  readConfig,
  readVerdict,
} from "./store.ts";
