/** `ProtocolVersion` in single numbers, as in `packet-types.ts`. */

export const MQTT_3_1 = 3;
export const MQTT_3_1_1 = 4;
export const MQTT_5_0 = 5;
