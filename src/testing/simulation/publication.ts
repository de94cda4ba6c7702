/** Messages as the simulation knows them: each has a number, which is its payload, whoever gets it in whatever way. */

import { utf8Decode, utf8Encode } from "#base";
import type { Qos } from "#protocol";

/** One message of a client, or its will. */
export interface Publication {
  readonly number: number;
  readonly publisherId: string;
  readonly topicName: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly clears: boolean;
  readonly isWill: boolean;
  readonly expirySeconds: number | undefined;
  readonly payload: Uint8Array;
  /** How often it was sent. */
  sends: number;
  /** Ticks of the first and the latest time it was sent; of its acknowledgement. */
  firstSent: number;
  lastSent: number;
  acknowledged: number;
}

export type NewPublication = Pick<
  Publication,
  "publisherId" | "topicName" | "qos" | "retain" | "clears" | "isWill" | "expirySeconds"
> & { readonly sizeBytes: number };

export class Publications {
  readonly all: Publication[] = [];

  add({ sizeBytes, ...wanted }: NewPublication): Publication {
    const number = this.all.length;
    const text = wanted.clears ? "" : `${number}|`.padEnd(sizeBytes, ".");
    const publication: Publication = {
      ...wanted,
      number,
      payload: utf8Encode(text),
      sends: 0,
      firstSent: 0,
      lastSent: 0,
      acknowledged: 0,
    };
    this.all.push(publication);
    return publication;
  }

  /** The one with this payload; undefined for an empty one, which many share. */
  of(payload: Uint8Array): Publication | undefined {
    if (payload.length === 0) return undefined;
    return this.all[Number.parseInt(utf8Decode(payload.subarray(0, 12)), 10)];
  }
}
