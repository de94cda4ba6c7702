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
  // What binds clients, shown by the client in src/client.
  {
    statements: ["3.1.1/MQTT-2.3.1-2", "3.1.1/MQTT-2.3.1-3", "5.0/MQTT-2.2.1-3"],
    test: "test/client/statements.test.ts",
    title: "every packet identifier is not 0 and not in use, and free again after its acknowledgement",
  },
  {
    statements: ["3.1.1/MQTT-3.1.2-23", "5.0/MQTT-3.1.2-20"],
    test: "test/client/statements.test.ts",
    title: "with nothing else to send a client sends PINGREQ within Keep Alive",
  },
  {
    statements: ["3.1.1/MQTT-3.14.4-1", "3.1.1/MQTT-3.14.4-2"],
    test: "test/client/statements.test.ts",
    title: "DISCONNECT is the last that is sent, and the connection ends",
  },
  {
    statements: ["3.1.1/MQTT-4.5.0-2", "5.0/MQTT-4.5.0-2"],
    test: "test/client/statements.test.ts",
    title: "a PUBLISH that nobody wants is acknowledged as its QoS says",
  },
  {
    statements: ["3.1.1/MQTT-4.6.0-2", "3.1.1/MQTT-4.6.0-3", "5.0/MQTT-4.6.0-2", "5.0/MQTT-4.6.0-3"],
    test: "test/client/statements.test.ts",
    title: "PUBACKs and PUBRECs leave in the order of the PUBLISHes, whatever order the program has",
  },
  {
    statements: ["3.1.1/MQTT-4.6.0-4", "5.0/MQTT-4.6.0-1", "5.0/MQTT-4.6.0-4"],
    test: "test/client/statements.test.ts",
    title:
      "PUBLISHes are sent again in their order with their identifiers, PUBRELs in the order of the PUBRECs",
  },
  {
    statements: ["3.1.1/MQTT-6.0.0-3", "5.0/MQTT-6.0.0-3"],
    test: "test/client/sockets.test.ts",
    title: "a WebSocket is asked for with the subprotocol mqtt",
  },
  {
    statements: ["3.1.1/MQTT-7.1.2-1"],
    test: "test/client/sockets.test.ts",
    title: "TCP, WebSocket and a Unix socket",
  },
  {
    statements: ["5.0/MQTT-3.2.2-4"],
    test: "test/client/features.test.ts",
    title: "go on with a session it does not have [MQTT-3.2.2-4]",
  },
  {
    statements: ["5.0/MQTT-3.2.2-5"],
    test: "test/client/lifetimes.test.ts",
    title: "a QoS 2 message that may have arrived is not sent anew when the session is lost; QoS 1 is",
  },
  {
    statements: ["5.0/MQTT-3.2.2-14"],
    test: "test/client/users-asks.test.ts",
    title: "what the broker says it would refuse is not sent",
  },
  {
    statements: ["5.0/MQTT-3.3.2-10"],
    test: "test/client/statements.test.ts",
    title: "every alias from 1 to the maximum is accepted, and none above",
  },
  {
    statements: ["5.0/MQTT-3.3.4-8"],
    test: "test/client/features.test.ts",
    title: "exceed the broker's Receive Maximum [MQTT-3.3.4-7], which holds back nothing else [MQTT-3.3.4-8]",
  },
  {
    statements: ["5.0/U5-3.1.2.11.4b"],
    test: "test/client/statements.test.ts",
    title: "a packet above the client's own Maximum Packet Size ends the connection with 0x95",
  },
  {
    statements: ["5.0/U5-3.1.2.11.7b"],
    test: "test/client/statements.test.ts",
    title: "with Request Problem Information 0 an explanation ends the connection with 0x82",
  },
  {
    statements: [
      "5.0/U5-3.2.2.3.2",
      "5.0/U5-3.2.2.3.3",
      "5.0/U5-3.2.2.3.4",
      "5.0/U5-3.2.2.3.5",
      "5.0/U5-3.2.2.3.6",
      "5.0/U5-3.2.2.3.7",
      "5.0/U5-3.2.2.3.8",
      "5.0/U5-3.2.2.3.9",
      "5.0/U5-3.2.2.3.11",
      "5.0/U5-3.2.2.3.12",
      "5.0/U5-3.2.2.3.13",
      "5.0/U5-3.2.2.3.14",
      "5.0/U5-3.2.2.3.15",
      "5.0/U5-3.2.2.3.16",
      "5.0/U5-3.2.2.3.17",
      "5.0/U5-3.2.2.3.18",
    ],
    test: "test/client/statements.test.ts",
    title: "%s ends the connection with 0x82",
  },
  {
    statements: ["5.0/U5-3.14.2.2.5"],
    test: "test/client/statements.test.ts",
    title: "Server Reference twice in DISCONNECT",
  },
  // What the client does for its half of statements that bind both sides.
  {
    statements: ["3.1.1/MQTT-2.3.1-1", "5.0/MQTT-4.3.2-1"],
    test: "test/client/statements.test.ts",
    title: "every packet identifier is not 0 and not in use, and free again after its acknowledgement",
    side: "both",
  },
  {
    statements: [
      "3.1.1/MQTT-2.3.1-6",
      "3.1.1/MQTT-3.3.4-1",
      "5.0/MQTT-2.2.1-5",
      "5.0/MQTT-3.3.4-1",
      "5.0/MQTT-4.3.2-4",
      "5.0/MQTT-4.3.3-8",
      "5.0/MQTT-4.3.3-11",
    ],
    test: "test/client/statements.test.ts",
    title: "a PUBLISH that nobody wants is acknowledged as its QoS says",
    side: "both",
  },
  {
    statements: [
      "3.1.1/MQTT-3.1.2-4",
      "3.1.1/MQTT-3.3.1-1",
      "3.1.1/MQTT-4.1.0-1",
      "3.1.1/MQTT-4.4.0-1",
      "3.1.1/MQTT-4.6.0-1",
      "5.0/MQTT-3.1.2-23",
      "5.0/MQTT-3.3.1-1",
      "5.0/MQTT-4.3.2-3",
      "5.0/MQTT-4.3.3-3",
      "5.0/MQTT-4.3.3-4",
      "5.0/MQTT-4.3.3-5",
      "5.0/MQTT-4.3.3-6",
      "5.0/MQTT-4.4.0-1",
    ],
    test: "test/client/statements.test.ts",
    title:
      "PUBLISHes are sent again in their order with their identifiers, PUBRELs in the order of the PUBRECs",
    side: "both",
  },
  {
    statements: ["5.0/MQTT-3.14.4-1", "5.0/MQTT-3.14.4-2"],
    test: "test/client/statements.test.ts",
    title: "DISCONNECT is the last that is sent, and the connection ends",
    side: "both",
  },
  {
    statements: ["5.0/U5-3.3.4a"],
    test: "test/client/statements.test.ts",
    title: "every alias from 1 to the maximum is accepted, and none above",
    side: "both",
  },
  {
    statements: ["5.0/MQTT-4.9.0-1", "5.0/MQTT-4.9.0-2", "5.0/MQTT-4.9.0-3"],
    test: "test/client/features.test.ts",
    title: "exceed the broker's Receive Maximum [MQTT-3.3.4-7], which holds back nothing else [MQTT-3.3.4-8]",
    side: "both",
  },
  {
    statements: ["5.0/U5-3.3.2.1", "5.0/U5-3.3.4b"],
    test: "test/client/features.test.ts",
    title: "take an alias that was not set",
    side: "both",
  },
  {
    statements: ["5.0/U5-3.15"],
    test: "test/client/features.test.ts",
    title: "answer an AUTH that it did not ask for",
    side: "both",
  },
  {
    statements: ["5.0/MQTT-4.12.1-2"],
    test: "test/client/lifetimes.test.ts",
    title: "a broker that does not finish a re-authentication loses the connection, and the next one works",
    side: "both",
  },
  {
    statements: [
      "3.1.1/MQTT-4.3.2-2",
      "3.1.1/MQTT-4.3.3-1",
      "3.1.1/MQTT-4.3.3-2",
      "5.0/MQTT-4.3.2-5",
      "5.0/MQTT-4.3.3-10",
      "5.0/MQTT-4.3.3-12",
    ],
    test: "test/client/faults.test.ts",
    title: "every message arrives, QoS 2 once, and every promise settles",
    side: "both",
  },
  {
    statements: ["5.0/MQTT-4.2.0-1"],
    test: "test/client/sockets.test.ts",
    title: "TCP, WebSocket and a Unix socket",
    side: "both",
  },
  // The codec of clients is measured against the one for both sides, of which the cases and `malformed.test.ts` show the rest.
  {
    statements: [
      "3.1.1/MQTT-2.2.2-2",
      "3.1.1/MQTT-3.3.1-2",
      "3.1.1/MQTT-3.3.1-4",
      "3.1.1/MQTT-3.6.1-1",
      "3.1.1/MQTT-4.8.0-1",
      "5.0/MQTT-2.1.3-1",
      "5.0/MQTT-3.3.1-2",
      "5.0/MQTT-3.3.1-4",
      "5.0/MQTT-3.6.1-1",
      "5.0/MQTT-3.14.1-1",
      "5.0/MQTT-3.15.1-1",
    ],
    test: "src/protocol/client-framer.test.ts",
    title: "is judged by its type, its flags and its size alike",
    side: "both",
  },
  {
    statements: [
      "5.0/MQTT-3.4.2-1",
      "5.0/MQTT-3.5.2-1",
      "5.0/MQTT-3.6.2-1",
      "5.0/MQTT-3.7.2-1",
      "5.0/MQTT-3.14.2-1",
      "5.0/MQTT-3.15.2-1",
    ],
    test: "src/protocol/client-framer.test.ts",
    title: "may carry every reason code alike",
    side: "both",
  },
  {
    statements: [
      "5.0/MQTT-3.3.2-13",
      "5.0/MQTT-3.3.2-14",
      "5.0/MQTT-3.3.2-19",
      "5.0/U5-2.2.2.2",
      "5.0/U5-3.3.2.3.4",
      "5.0/U5-3.3.2.3.5",
      "5.0/U5-3.3.2.3.6",
      "5.0/U5-3.3.2.3.8",
      "5.0/U5-3.3.2.3.9",
      "5.0/U5-3.4.2.2.2",
      "5.0/U5-3.15.2.2.2",
      "5.0/U5-3.15.2.2.3",
    ],
    test: "src/protocol/client-framer.test.ts",
    title: "every property is allowed in the same packets",
    side: "both",
  },
  {
    statements: [
      "3.1.1/MQTT-1.5.3-1",
      "3.1.1/MQTT-3.3.2-1",
      "5.0/MQTT-1.5.4-1",
      "5.0/MQTT-1.5.5-1",
      "5.0/MQTT-1.5.7-1",
      "5.0/MQTT-3.3.2-1",
      "5.0/U5-2.2.2.1",
    ],
    test: "src/protocol/client-framer.test.ts",
    title: "is refused alike",
    side: "both",
  },
  {
    statements: [
      "3.1.1/MQTT-2.2.2-1",
      "3.1.1/MQTT-3.1.2-9",
      "3.1.1/MQTT-3.8.1-1",
      "3.1.1/MQTT-3.10.1-1",
      "5.0/MQTT-2.2.2-1",
      "5.0/MQTT-3.1.2-1",
      "5.0/MQTT-3.1.2-9",
      "5.0/MQTT-3.1.2-11",
      "5.0/MQTT-3.1.2-13",
      "5.0/MQTT-3.8.1-1",
      "5.0/MQTT-3.10.1-1",
    ],
    test: "src/protocol/client-framer.test.ts",
    title: "are the same bytes",
    side: "both",
  },
  {
    statements: ["3.1.1/MQTT-1.5.3-2", "5.0/MQTT-1.5.4-2", "5.0/U5-3.1.2.11.3", "5.0/U5-3.1.2.11.4"],
    test: "src/protocol/client-framer.test.ts",
    title: "is refused where the wire cannot carry it",
    side: "both",
  },
  {
    statements: [
      "3.1.1/MQTT-3.3.2-2",
      "3.1.1/MQTT-4.7.1-1",
      "3.1.1/MQTT-4.7.1-2",
      "3.1.1/MQTT-4.7.1-3",
      "3.1.1/MQTT-4.7.3-1",
      "3.1.1/MQTT-4.7.3-2",
      "5.0/MQTT-3.3.2-2",
      "5.0/MQTT-4.7.0-1",
      "5.0/MQTT-4.7.1-1",
      "5.0/MQTT-4.7.1-2",
      "5.0/MQTT-4.7.3-1",
      "5.0/MQTT-4.7.3-2",
      "5.0/MQTT-4.8.2-1",
      "5.0/MQTT-4.8.2-2",
    ],
    test: "src/protocol/lean/numbers.test.ts",
    title: "judges topic names and filters like those that give reasons",
    side: "both",
  },
];
