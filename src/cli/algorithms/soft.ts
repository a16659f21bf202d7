import type { IqLearnRecord, SqilRecord } from "../../algorithms/index.ts";
import { choice, list, positive, real, whole } from "../settings.ts";
import { short } from "../terminal.ts";

/** How the options that IQ-Learn and SQIL share are read. */
export const softReadings = {
  updates: whole(1),
  batchSize: whole(1),
  learningRate: positive(),
  actorRate: positive(),
  temperature: positive(),
  schedule: choice("constant", "linear"),
  gamma: real(0, 1),
  cloning: real(0),
  critics: whole(1),
  criticHidden: list(whole(1)),
  targetRate: real(0, 1),
  clipNorm: real(0),
  subsample: whole(1),
  stepsPerUpdate: real(0),
  copies: whole(1),
  capacity: whole(1),
  updatesPerRound: whole(1),
};

export const x = { of: "updates", label: "updates of the parameters" };

/** The learner's own episodes of a round, where there were any. */
export function softShow({ episodeReturn }: IqLearnRecord | SqilRecord): string {
  return episodeReturn === undefined ? "" : `  return ${short(episodeReturn)}`;
}
