/**
 * Who retained a message, as far as it matters later: whether it may still publish it, when somebody new is to get it.
 *
 * Only kept where `checkRetainedSource` is on. A message that was retained before that is judged by its publisher's client id alone.
 * A token's claims and a certificate are forgotten by a restart.
 */

import type { Gate, Identity } from "#auth";
import { isPromise, type MaybePromise } from "#base";
import type { Message } from "./message.ts";
import { isAllowed } from "./permissions.ts";

/** Where a client was that is not connected any more: it is not known, and does not matter. */
export const NOWHERE = { transport: "memory", remoteAddress: "", remotePort: 0, localPort: 0 } as const;

/** What is remembered of a publisher beside its client id; the same object for all that it retains. */
export type RetainedSource = Pick<Identity, "userName" | "listener" | "certificate" | "claims">;

export function retainedSource({ userName, listener, certificate, claims }: RetainedSource): RetainedSource {
  return { userName, listener, certificate, claims };
}

/** One of which only the names are known, from before a restart. */
export function restoredSource(userName: string, listener: string): RetainedSource {
  const user = userName === "" ? undefined : userName;
  return { userName: user, listener, certificate: undefined, claims: undefined };
}

const unknownSource = restoredSource("", "");

/** Whether the client that retained `message` may still publish it. */
export function mayStillPublish(gate: Gate, message: Message): MaybePromise<boolean> {
  const client: Identity = {
    clientId: message.publisherId,
    address: NOWHERE,
    ...(message.source ?? unknownSource),
  };
  const may = gate.mayPublish?.(client, message.topic.name, message.qos, true) ?? true;
  return isPromise(may) ? may.then(isAllowed) : isAllowed(may);
}
