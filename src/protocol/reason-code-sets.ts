/**
 * Which reason codes each packet of 5.0 may carry (2.4), and what the return codes of 3.x mean in their terms.
 */

import { ReasonCode } from "./reason-code.ts";

/** Written as numbers, like the table of the standard. */
type CodeSet = ReadonlySet<number>;

/** [MQTT-3.2.2-8] */
export const connackCodes: CodeSet = new Set([
  0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a,
  0x9b, 0x9c, 0x9d, 0x9f,
]);
/** PUBACK and PUBREC [MQTT-3.4.2-1] [MQTT-3.5.2-1]. */
export const receivedCodes: CodeSet = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
/** PUBREL and PUBCOMP [MQTT-3.6.2-1] [MQTT-3.7.2-1]. */
export const releasedCodes: CodeSet = new Set([0x00, 0x92]);
/** [MQTT-3.9.3-2] */
export const subackCodes: CodeSet = new Set([
  0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2,
]);
/** [3.1.1/MQTT-3.9.3-2] */
export const subackCodes3: CodeSet = new Set([0x00, 0x01, 0x02, 0x80]);
/** [MQTT-3.11.3-2] */
export const unsubackCodes: CodeSet = new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]);
/** [MQTT-3.14.2-1] */
export const disconnectCodesOfClient: CodeSet = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]);
/** 0x8C stands in the standard's table 2-6 and not in its table 3-10; it is accepted. */
export const disconnectCodesOfServer: CodeSet = new Set([
  0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97,
  0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
]);
export const disconnectCodes: CodeSet = new Set([...disconnectCodesOfClient, ...disconnectCodesOfServer]);
/** [MQTT-3.15.2-1] */
export const authCodesOfClient: CodeSet = new Set([0x18, 0x19]);
export const authCodesOfServer: CodeSet = new Set([0x00, 0x18]);
export const authCodes: CodeSet = new Set([...authCodesOfClient, ...authCodesOfServer]);

const returnCodeMeanings: readonly ReasonCode[] = [
  ReasonCode.SUCCESS,
  ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
  ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
  ReasonCode.SERVER_UNAVAILABLE,
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  ReasonCode.NOT_AUTHORIZED,
];

/** The reason code for return code `code` of a 3.x CONNACK; undefined for those that are reserved. */
export function reasonOfReturnCode(code: number): ReasonCode | undefined {
  return returnCodeMeanings[code];
}

/**
 * The return code of a 3.x CONNACK for `reasonCode`, or undefined when none fits: the server then closes without a
 * CONNACK [3.1.1/MQTT-3.2.2-6].
 */
export function returnCodeOfReason(reasonCode: ReasonCode): number | undefined {
  switch (reasonCode) {
    case ReasonCode.SUCCESS:
      return 0;
    case ReasonCode.UNSUPPORTED_PROTOCOL_VERSION:
      return 1;
    case ReasonCode.CLIENT_IDENTIFIER_NOT_VALID:
      return 2;
    case ReasonCode.SERVER_UNAVAILABLE:
    case ReasonCode.SERVER_BUSY:
    case ReasonCode.SERVER_SHUTTING_DOWN:
    case ReasonCode.USE_ANOTHER_SERVER:
    case ReasonCode.SERVER_MOVED:
    case ReasonCode.CONNECTION_RATE_EXCEEDED:
      return 3;
    case ReasonCode.BAD_USER_NAME_OR_PASSWORD:
    case ReasonCode.BAD_AUTHENTICATION_METHOD:
      return 4;
    case ReasonCode.NOT_AUTHORIZED:
    case ReasonCode.BANNED:
      return 5;
    default:
      return undefined;
  }
}
