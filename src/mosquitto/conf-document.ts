/** A mosquitto.conf as a source of the configuration: read anew each time, refused where Martlet would be less safe than it looks. */

import { ConfigurationError, type Document } from "#config";
import { placeOf } from "./conf-error.ts";
import { type MosquittoConfOptions, type OptionReport, readMosquittoConf } from "./read-conf.ts";

interface MosquittoDocument {
  readonly document: Document;
  /** A line for each option that is not as in mosquitto, the ones that have no effect first said as such. */
  readonly warnings: readonly MosquittoWarning[];
  /** As in the reading. */
  readonly database: string | undefined;
}

export interface MosquittoWarning {
  /** `info` for another effect than in mosquitto, `warn` for none. */
  readonly level: "info" | "warn";
  /** With file and line. */
  readonly sentence: string;
}

/**
 * @throws MosquittoConfError for what mosquitto would not take either
 * @throws ConfigurationError for options that are refused
 */
export function mosquittoDocument(file: string, options: MosquittoConfOptions = {}): MosquittoDocument {
  const reading = readMosquittoConf(file, options);
  const refused = reading.options.filter(({ verdict }) => verdict === "refused");
  if (refused.length > 0) {
    throw new ConfigurationError(
      refused.map((each) => ({ place: placeOf(each), path: [], says: `${each.name}: ${each.says}` })),
    );
  }
  return {
    document: reading.document,
    warnings: reading.options.flatMap(warningOf),
    database: reading.database,
  };
}

function warningOf({ file, line, name, verdict, says }: OptionReport): MosquittoWarning[] {
  const head = `${file}${line === 0 ? "" : `:${line}`}: ${name === "" ? "" : `${name}: `}`;
  switch (verdict) {
    case "unsupported":
      return [{ level: "warn", sentence: `${head}it has no effect. ${says}` }];
    case "different":
      return [{ level: "info", sentence: `${head}${says}` }];
    default:
      return [];
  }
}
