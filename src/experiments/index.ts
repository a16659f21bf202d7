import { bojarski2016 } from "./bojarski2016/run.ts";
import { christiano2017Labels } from "./christiano2017-labels/run.ts";
import { condensation } from "./condensation/run.ts";
import { daggerRobots } from "./dagger-robots/run.ts";
import type { Experiment } from "./experiment.ts";
import { foster2024 } from "./foster2024/run.ts";
import { fu2018Tabular } from "./fu2018-tabular/run.ts";
import { fu2018Transfer } from "./fu2018-transfer/run.ts";
import { garg2021Iq } from "./garg2021-iq/run.ts";
import { ho2016Gail } from "./ho2016-gail/run.ts";
import { horizon } from "./horizon/run.ts";
import { noisyLabels } from "./noisy-labels/run.ts";
import { overoptimisation } from "./overoptimisation/run.ts";
import { pdl } from "./pdl/run.ts";
import { rafailov2023Gradient } from "./rafailov2023-gradient/run.ts";
import { rafailov2023Sentiment } from "./rafailov2023-sentiment/run.ts";
import { rafailov2023Tabular } from "./rafailov2023-tabular/run.ts";
import { rajaraman2020 } from "./rajaraman2020/run.ts";
import { razin2025Dynamics } from "./razin2025-dynamics/run.ts";
import { razin2025Hamiltonian } from "./razin2025-hamiltonian/run.ts";
import { razin2025Paraphrase } from "./razin2025-paraphrase/run.ts";
import { razin2025Shift } from "./razin2025-shift/run.ts";
import { razin2025Theorem1 } from "./razin2025-theorem1/run.ts";
import { razin2025Theorem2 } from "./razin2025-theorem2/run.ts";
import { rlhfEqualsDpo } from "./rlhf-equals-dpo/run.ts";
import { ross2011Sequence } from "./ross2011-sequence/run.ts";
import { ross2011Track } from "./ross2011-track/run.ts";
import { survivalBias } from "./survival-bias/run.ts";
import { ziebart2008 } from "./ziebart2008/run.ts";
import { ziebart2010 } from "./ziebart2010/run.ts";

export * from "./experiment.ts";

/** Every experiment, in the order in which the lecture comes to it. */
export const experiments: readonly Experiment[] = [
  pdl,
  horizon,
  rajaraman2020,
  ross2011Track,
  ross2011Sequence,
  daggerRobots,
  bojarski2016,
  foster2024,
  rafailov2023Tabular,
  rafailov2023Gradient,
  rlhfEqualsDpo,
  rafailov2023Sentiment,
  overoptimisation,
  noisyLabels,
  condensation,
  ziebart2008,
  ziebart2010,
  fu2018Tabular,
  fu2018Transfer,
  garg2021Iq,
  christiano2017Labels,
  razin2025Theorem1,
  razin2025Theorem2,
  razin2025Dynamics,
  razin2025Hamiltonian,
  razin2025Paraphrase,
  razin2025Shift,
  ho2016Gail,
  survivalBias,
];
