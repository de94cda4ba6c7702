/**
 * @module mosquitto: the files of mosquitto, read as Martlet's own: its configuration, its database.
 */

export { type MosquittoWarning, mosquittoDocument } from "./conf-document.ts";
export { MosquittoConfError } from "./conf-error.ts";
export { MosquittoDatabaseError } from "./database/database.ts";
export type { ImportReport } from "./database/import-database.ts";
export { importMosquittoFile } from "./database/import-folder.ts";
export { readMosquittoDatabase } from "./database/read-database.ts";
export type { MosquittoOption, Verdict } from "./option.ts";
export { mosquittoOptions } from "./options.ts";
export { type MosquittoReading, type OptionReport, readMosquittoConf } from "./read-conf.ts";
export { type Included, includedBy } from "./syntax.ts";
