/** What the two ends of a WebSocket want of each other before MQTT begins. */

/** In order of preference. */
export const SUBPROTOCOLS = ["mqtt", "mqttv3.1"] as const;
export type Subprotocol = (typeof SUBPROTOCOLS)[number];

/** Which web pages may connect, by their origin. */
export type OriginRule = readonly string[] | ((origin: string | undefined) => boolean);
