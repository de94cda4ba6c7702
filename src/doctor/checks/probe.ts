/** What running listeners answered, next to what the configuration says that they should. */

import type { CertificateFacts, Facts, ListenerFacts, ProbeFacts } from "../facts.ts";
import { type Finding, named, note, ok, problem, warning } from "../finding.ts";
import { checkDates } from "./certificates.ts";

type ProbedFacts = Pick<Facts, "nowMs" | "listeners" | "certificates" | "probes">;

const RELOAD = "Reload the broker (SIGHUP), or start it again by this configuration.";

export function checkProbes(facts: ProbedFacts): Finding[] {
  return (facts.probes ?? []).flatMap((probe) => {
    const listener = facts.listeners.find(({ name }) => name === probe.name);
    return listener === undefined ? [] : checkProbe(probe, listener, facts);
  });
}

function checkProbe(probe: ProbeFacts, listener: ListenerFacts, facts: ProbedFacts): Finding[] {
  const { name, target, skipped, unreachable } = probe;
  if (skipped !== undefined) return [note("probe", `Listener ${name} was not tried: ${skipped}.`)];
  if (unreachable !== undefined)
    return [
      problem(
        "probe",
        `Nobody answers at ${target}, listener ${name}: ${unreachable}.`,
        "Start the broker, or look at its log.",
      ),
    ];
  return [...checkHandshake(probe, listener, facts), ...checkLogin(probe, listener)];
}

function checkHandshake(
  { name, target, tls }: ProbeFacts,
  { listener }: ListenerFacts,
  facts: ProbedFacts,
): Finding[] {
  if (tls === undefined) return [];
  const { version, certificate, distrust } = tls;
  const what = `The certificate that listener ${name} shows`;
  const found = checkDates(certificate, what, facts.nowMs, "probe");
  found.push(
    ok(
      "probe",
      `${target} speaks ${version} and shows a certificate for ${named(certificate.names) || certificate.subject}.`,
    ),
  );
  if (isOld(certificate, listener.tls?.cert, facts))
    found.push(warning("probe", `${what} is not the one in ${listener.tls?.cert}.`, RELOAD));
  if (distrust !== undefined)
    found.push(
      note(
        "probe",
        `Clients that know only public authorities do not trust it (${distrust}).`,
        "Give clients the file of your authority, if it is one of your own; put missing certificates behind the first in cert, if not.",
      ),
    );
  return found;
}

/** Whether the file has got another certificate since. With several by name nobody can tell. */
function isOld(
  { fingerprint }: CertificateFacts,
  path: string | undefined,
  { certificates }: ProbedFacts,
): boolean {
  const file = certificates.find((each) => each.path === path && each.use === "shown");
  const [leaf] = file?.certificates ?? [];
  return leaf !== undefined && leaf.fingerprint !== fingerprint;
}

function checkLogin(
  { name, target, login }: ProbeFacts,
  { allowsAnonymous, listener }: ListenerFacts,
): Finding[] {
  if (login === undefined) return [];
  const needsCertificate = listener.tls?.client_certificate === "require";
  switch (login.outcome) {
    case "accepted":
      return allowsAnonymous
        ? [
            ok(
              "probe",
              `${target}, listener ${name}, lets in a client that says nothing of itself, as configured.`,
            ),
          ]
        : [
            problem(
              "probe",
              `${target}, listener ${name}, lets in a client that says nothing of itself, against the configuration.`,
              RELOAD,
            ),
          ];
    case "refused":
      return !allowsAnonymous || needsCertificate
        ? [
            ok(
              "probe",
              `${target}, listener ${name}, refuses a client that says nothing of itself, as configured.`,
            ),
          ]
        : [
            warning(
              "probe",
              `${target}, listener ${name}, refuses a client that says nothing of itself (${login.reason}), which should get in.`,
              RELOAD,
            ),
          ];
    case "no-answer":
      return needsCertificate
        ? [ok("probe", `${target}, listener ${name}, takes no client without a certificate, as configured.`)]
        : [
            problem(
              "probe",
              `${target}, listener ${name}, does not answer a CONNECT: ${login.reason}.`,
              "Look at what listens there; it may be another program.",
            ),
          ];
  }
}
