/** What a witness needs of the shadow. */

import type { Clock } from "#base";
import type { Pipe } from "#transport";
import type { DifferenceKind, NoticeKind, Tally } from "./difference.ts";
import type { DifferenceTexts } from "./difference-texts.ts";
import type { FeedLine } from "./feed-line.ts";
import type { Memories } from "./memories.ts";
import type { ShadowSettings } from "./settings.ts";

/** Whose connection it is. */
interface Watched {
  readonly clientId: string;
  readonly connection: number;
}

export interface WitnessHome {
  readonly clock: Clock;
  readonly settings: ShadowSettings;
  readonly line: FeedLine;
  readonly memories: Memories;
  readonly tally: Tally;
  /** A connection to Martlet. */
  connect(): Pipe;
  onDifference(watched: Watched, kind: DifferenceKind, texts: DifferenceTexts): void;
  onNotice(watched: Watched, kind: NoticeKind, says: string): void;
}
