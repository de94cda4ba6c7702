/** Gathers what there is to know about a configuration and the machine it is for, and lets all checks judge it. */

import type { Reading } from "#config";
import { checkAccess } from "./checks/access.ts";
import { checkCertificates } from "./checks/certificates.ts";
import { checkFiles } from "./checks/files.ts";
import { checkLogins } from "./checks/logins.ts";
import { checkClock, checkDisk, checkSystem } from "./checks/machine.ts";
import { checkProbes } from "./checks/probe.ts";
import { checkReach } from "./checks/reach.ts";
import { checkSafety } from "./checks/safety.ts";
import { checkStart } from "./checks/start.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { accessFileFacts, accountFacts, preSharedKeyFacts, rolesFacts } from "./gather/accounts.ts";
import { certificateFacts, revocationListFacts } from "./gather/certificates.ts";
import { fileFacts } from "./gather/files.ts";
import { listenerFacts } from "./gather/listeners.ts";
import { folderFacts, systemFacts } from "./gather/machine.ts";
import { probeFacts } from "./gather/probe.ts";

export interface ExaminationOptions {
  /** Why a broker would not start by this configuration, a sentence each, as whoever starts brokers says. */
  readonly startProblems: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Connects to the listeners of the broker that runs. Default false. */
  readonly isProbing?: boolean;
}

/**
 * All findings, by areas and in a fixed order. Listens on each port for a moment, writes a small file into the data folder and
 * takes it away again, and changes nothing else.
 *
 * @example
 * ```text
 * const findings = await examine(reading, { startProblems: [], nowMs: Date.now() });
 * findings.filter(({ level }) => level === "problem");
 * ```
 */
export async function examine(reading: Reading, options: ExaminationOptions): Promise<readonly Finding[]> {
  const facts = await gather(reading, options);
  return [
    ...checkStart(facts),
    ...checkReach(facts),
    ...checkLogins(facts),
    ...checkAccess(facts),
    ...checkCertificates(facts),
    ...checkSafety(facts),
    ...checkFiles(facts),
    ...checkClock({ nowMs: facts.nowMs, newestMs: facts.folder?.newestMs }),
    ...checkSystem(facts),
    ...checkDisk(facts.folder, facts.configuration),
    ...checkProbes(facts),
  ];
}

async function gather(
  reading: Reading,
  { startProblems, nowMs, isProbing = false }: ExaminationOptions,
): Promise<Facts> {
  const { configuration } = reading;
  const listeners = await listenerFacts(configuration);
  const folder = await folderFacts(configuration.persistence);
  return {
    nowMs,
    configuration,
    startProblems,
    listeners,
    files: fileFacts(reading, listeners),
    accounts: accountFacts(configuration),
    roles: rolesFacts(configuration.access.roles_file),
    accessFile: accessFileFacts(configuration.access.acl_file),
    preSharedKeys: preSharedKeyFacts(listeners),
    certificates: certificateFacts(listeners),
    revocationLists: await revocationListFacts(listeners),
    system: systemFacts(folder?.holder),
    folder,
    probes: isProbing ? await probeFacts(listeners, configuration) : undefined,
  };
}
