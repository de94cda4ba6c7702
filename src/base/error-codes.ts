/**
 * The catalogue of error codes. A code is API: programs match on it, never on a message. `docs/reference/errors.md` is
 * checked against this table by a test, and so is what the source throws.
 */

export const errorCatalogue = {
  MARTLET_MALFORMED_PACKET:
    "The peer sent bytes that are no MQTT packet. Carries the reason code and the statement.",
  MARTLET_PROTOCOL_ERROR:
    "The peer sent a packet that is not allowed at this point. Carries reason code and statement.",
  MARTLET_INVALID_PACKET:
    "The application asked for a packet that cannot be encoded, for example a topic of 70,000 bytes.",
  MARTLET_PUBLISH_REFUSED: "The broker did not accept a message that the application published.",
  MARTLET_CONFIG:
    "A setting has a value that is not allowed; the message names the setting and what is allowed.",
  MARTLET_CONNECTION: "A connection could not be made, or broke.",
  MARTLET_LISTEN: "A listener could not start, for example because its port is taken.",
  MARTLET_BENCH:
    "A load could not be put on a broker, for example because it cannot be reached or lets nobody in.",
  MARTLET_CONNECT_REFUSED:
    "The broker refused the client's CONNECT. Carries the reason code and the CONNACK.",
  MARTLET_SUBSCRIBE_REFUSED: "The broker refused a subscription. Carries the reason code.",
  MARTLET_CONNECTION_LOST:
    "The client's connection ended, and with it what could not wait for the next one. `source` says who ended it.",
  MARTLET_TIMEOUT: "A client's operation did not finish within its time.",
  MARTLET_ABORTED: "The application aborted an operation of the client through its signal.",
  MARTLET_OUTBOX:
    "The client's outbox did not take a message or could not keep it, for example because it is full.",
  MARTLET_PAYLOAD: "A payload could not be read by its codec, for example because it was tampered with.",
  MARTLET_AUTHENTICATION:
    "The enhanced authentication failed, for example because the server is not the expected one.",
  MARTLET_STORE_FAILED:
    "The disk under durable state refused a read or a write, or is full. What was acknowledged is not lost.",
  MARTLET_STORE_CORRUPT:
    "Durable state is damaged: what the disk gave back is not what was written. Names the file and the offset.",
  MARTLET_STORE_LOCKED: "The folder of durable state is in use by another process.",
  MARTLET_STORE_FORMAT: "Durable state was written by a newer version of Martlet.",
  MARTLET_MOSQUITTO_DATABASE:
    "A mosquitto.db is none, is damaged, or is of a version that is not read. Names the file and the offset.",
  MARTLET_STATE: "The call is not possible in the present state, for example publishing before start.",
  MARTLET_INVARIANT:
    "A bug in Martlet: something that cannot happen did. Ends one connection, never the process.",
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
