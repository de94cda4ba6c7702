/** The protocol levels that Martlet speaks, as CONNECT carries them. Newer versions' words are used for all. */
export const ProtocolVersion = { MQTT_3_1: 3, MQTT_3_1_1: 4, MQTT_5_0: 5 } as const;
export type ProtocolVersion = (typeof ProtocolVersion)[keyof typeof ProtocolVersion];

/** `3.1`, `3.1.1` or `5.0`. */
export function versionName(version: ProtocolVersion): string {
  switch (version) {
    case ProtocolVersion.MQTT_3_1:
      return "3.1";
    case ProtocolVersion.MQTT_3_1_1:
      return "3.1.1";
    case ProtocolVersion.MQTT_5_0:
      return "5.0";
  }
}
