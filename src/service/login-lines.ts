/**
 * Logins that were not let in, as warnings: who, from where, who refused it and why. Never with a secret: user names may hold
 * tokens, and those are left out. One line an address (of IPv6 a network) and provider in ten seconds, so that whoever tries
 * passwords does not fill the disk; the next one says how many there were meanwhile.
 */

import type { Clock, Log } from "#base";
import { addressKey, Repetition } from "#limits";
import type { LoginVerdict, OnVerdict } from "#logins";

const INTERVAL_MS = 10_000;
/** Addresses that are told apart. */
const MOST_ADDRESSES = 10_000;
/** As long as names are that somebody wrote by hand. */
const LONGEST_SHOWN = 128;
/**
 * Where a token is looked for: at names of strangers, which have 64 KiB if they like, the search takes the square of this. What begins
 * behind it is not shown either.
 */
const LONGEST_SEARCHED = 1_024;
/** A JSON Web Token anywhere in it. */
const TOKEN = /eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+/;

export function loginLines(log: Log, clock: Pick<Clock, "now">): OnVerdict {
  const repetition = new Repetition(INTERVAL_MS, MOST_ADDRESSES);
  return (verdict) => {
    const { provider = "", outcome, address } = verdict;
    if (outcome === "accepted") return;
    const from = addressKey(address.remoteAddress);
    const unsaid = repetition.tell(`${from} ${provider} ${outcome}`, clock.now());
    if (unsaid !== undefined) log.write(outcome === "failed" ? "error" : "warn", lineOf(verdict, unsaid));
  };
}

function lineOf(verdict: LoginVerdict, unsaid: number): string {
  const { clientId, userName, address, provider, method, outcome, reason } = verdict;
  const user = userName === undefined ? "" : ` as '${shownUserName(userName)}'`;
  const from =
    address.remotePort === 0 ? address.transport : `${address.remoteAddress}:${address.remotePort}`;
  const by = provider === undefined ? "" : ` by ${provider}`;
  const how = method === undefined ? "" : ` (${method})`;
  const verb = outcome === "failed" ? "could not be judged" : "refused";
  const others = unsaid === 0 ? "" : ` (${unsaid} more from there since the last line)`;
  return `Login of ${shown(clientId)}${user} from ${from}${how} ${verb}${by}: ${reason}.${others}`;
}

/** A user name without what may be a secret in it: a token, or what follows the name of a cloud's authoriser. */
function shownUserName(userName: string): string {
  if (TOKEN.test(userName.slice(0, LONGEST_SEARCHED))) return "(a token)";
  const [name = ""] = userName.split("?", 1);
  return name === userName ? shown(name) : `${shown(name)}?…`;
}

function shown(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}
