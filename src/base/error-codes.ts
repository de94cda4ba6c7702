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
  MARTLET_STATE: "The call is not possible in the present state, for example publishing before start.",
  MARTLET_INVARIANT:
    "A bug in Martlet: something that cannot happen did. Ends one connection, never the process.",
} as const;

export type ErrorCode = keyof typeof errorCatalogue;
