/**
 * Statements that a unit test proves, besides or instead of a case on the wire: what the codec refuses to write, for
 * example. `scripts/ledger.ts` checks that the file exists and contains the title.
 */

export interface Claim {
  /** Ids of the ledger. */
  readonly statements: readonly string[];
  /** The test's file, from the root of the repository. */
  readonly test: string;
  /** The test's title, as it stands in the file. */
  readonly title: string;
  /** `both` when the test proves a statement for clients too, for example because both sides share the code. */
  readonly side?: "both";
}

export const claims: readonly Claim[] = [
  {
    statements: ["3.1.1/MQTT-3.2.2-6"],
    test: "src/protocol/packets.test.ts",
    title: "what 3.1.1 has no return code for is not sent",
  },
  {
    // No packet can make the broker fail inside, so the test makes one of its parts fail.
    statements: ["3.1.1/MQTT-4.8.0-2"],
    test: "src/broker/fault.test.ts",
    title: "a failure inside the broker closes the connection it happened on",
  },
  {
    statements: ["5.0/U5-1.5.4"],
    test: "src/protocol/malformed.test.ts",
    title: "is refused only on request (U5-1.5.4)",
  },
  {
    // On the wire a case only sees these packets small enough; whether words were left out shows here.
    statements: [
      "5.0/MQTT-3.2.2-19",
      "5.0/MQTT-3.2.2-20",
      "5.0/MQTT-3.4.2-2",
      "5.0/MQTT-3.4.2-3",
      "5.0/MQTT-3.5.2-2",
      "5.0/MQTT-3.5.2-3",
      "5.0/MQTT-3.6.2-2",
      "5.0/MQTT-3.6.2-3",
      "5.0/MQTT-3.7.2-2",
      "5.0/MQTT-3.7.2-3",
      "5.0/MQTT-3.9.2-1",
      "5.0/MQTT-3.9.2-2",
      "5.0/MQTT-3.11.2-1",
      "5.0/MQTT-3.11.2-2",
      "5.0/MQTT-3.14.2-3",
      "5.0/MQTT-3.14.2-4",
      "5.0/MQTT-3.15.2-2",
      "5.0/MQTT-3.15.2-3",
    ],
    test: "src/protocol/encode.test.ts",
    title: "drops User Properties, then the Reason String, then gives up",
  },
];
