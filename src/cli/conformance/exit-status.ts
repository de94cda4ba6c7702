/** What `martlet conformance` ends with, besides what every command may. The numbers are API. */
export const ConformanceStatus = {
  /** No case failed. */
  NOTHING_FAILED: 0,
  FAILURES: 1,
  /** No connection: nobody there, a certificate that is not trusted, a broker that went away. */
  UNREACHABLE: 3,
  /** Somebody is there and speaks no MQTT. */
  NOT_MQTT: 4,
  /** The broker refused the login, or what the cases need. */
  REFUSED: 5,
  /** The broker does not speak a version that was asked for. */
  VERSION_NOT_SUPPORTED: 6,
} as const;
