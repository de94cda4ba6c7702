/**
 * Logins of the users in a file of roles. Hashing is dear on purpose: few passwords are judged at once, some more wait, and the rest
 * is told to come back later. Who has just logged in gets in again without the hash and without the queue, so that a flood of wrong
 * passwords does not shut out those who were there.
 */

import type { DynamicSecurity } from "#access";
import { concatBytes, utf8Encode } from "#base";
import { scramHashing } from "#credentials";
import { FastPass, type LoginProvider, type RefusedLogin, WaitingRoom } from "#logins";
import { ReasonCode } from "#protocol";
import type { GateTools } from "./gate-tools.ts";

const ROOM = { parallel: 2, mostWaiting: 1_000 };
/** As for a password file. */
const REMEMBERED = { validForMs: 3_600_000, mostEntries: 100_000 };
const BUSY: RefusedLogin = {
  outcome: "refused",
  reasonCode: ReasonCode.SERVER_BUSY,
  reason: "too many other logins wait for their turn",
};

type Judge = Pick<DynamicSecurity, "authenticate" | "admissionOf">;

/** Judges who gives a user name and a password. */
export function rolesLogin(
  roles: Judge,
  { clock, random }: Pick<GateTools, "clock" | "random">,
): LoginProvider {
  const room = new WaitingRoom(ROOM);
  const fastPass = new FastPass<object>({ clock, random, hashing: scramHashing, ...REMEMBERED });
  return {
    name: "roles",
    authenticate(login) {
      const { userName, password } = login;
      if (userName === undefined || password === undefined) return undefined;
      const admission = roles.admissionOf(login);
      // Another password, or none any more, is another admission; a user who may not come in has none.
      const proof = fastPass.proofOf(concatBytes([utf8Encode(`${userName}\0`), password]));
      if (admission !== undefined && fastPass.find(userName, proof) === admission) {
        return { outcome: "accepted" };
      }
      const judged = room.enter(async () => {
        const answer = await roles.authenticate(login);
        const isSame = admission !== undefined && roles.admissionOf(login) === admission;
        if (answer?.outcome === "accepted" && isSame) fastPass.remember(userName, proof, admission);
        return answer;
      });
      return judged ?? BUSY;
    },
  };
}
