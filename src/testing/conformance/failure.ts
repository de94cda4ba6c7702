/**
 * How a case ends when it does not simply pass. These are thrown inside a case and caught by the runner, which turns
 * them into an outcome; none of them leaves the kit.
 */

/** The server did something that a statement forbids, or did not do what one demands. */
export class ConformanceFailure extends Error {
  override readonly name = "ConformanceFailure";
  /** The statement at stake when it is not simply the case's own, for example `5.0/MQTT-3.2.0-2`. */
  readonly statement: string | undefined;

  constructor(message: string, statement?: string) {
    super(statement === undefined ? message : `${message} [${statement}]`);
    this.statement = statement;
  }
}

/** The target lacks what the case needs, for example a broker option or retained messages. */
export class NotSupported extends Error {
  override readonly name = "NotSupported";
}

/** The server took a way that the standard leaves open and on which the case can tell nothing. */
export class Inconclusive extends Error {
  override readonly name = "Inconclusive";
}

/** The case itself is wrong. */
export class CaseError extends Error {
  override readonly name = "CaseError";
}
