/** What the program ends with. The numbers are API; `martlet --help` lists them. */

export const ExitStatus = {
  /** Ended as asked. */
  OK: 0,
  /** Could not start or go on, for example because a port is taken. */
  FAILED: 1,
  /** The command line is not one that this program understands or allows. */
  USAGE: 2,
  /** A mosquitto.conf is not allowed; the number is mosquitto's. */
  MOSQUITTO_CONF: 3,
  /** A bug in Martlet. */
  BUG: 70,
  /** Plus the number of the signal, when a second one did not let it stop in order. */
  SIGNALLED: 128,
} as const;
