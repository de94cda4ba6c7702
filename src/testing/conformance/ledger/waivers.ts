/**
 * Statements that are not tested, each with the reason. A reason has to be one that a reader of the standard accepts: the
 * statement binds somebody Martlet is not, leaves a choice that Martlet does not take, or cannot be seen from outside.
 */

export const waivers: Readonly<Record<string, string>> = {
  "3.1.1/MQTT-7.0.0-1":
    "Binds a server that opens connections to other servers. Martlet opens none; a bridge would have to be tested as a client.",
  "3.1.1/MQTT-7.0.0-2":
    "Says what an implementation may not demand of its peers, so no single exchange can show it. All cases use nothing but the standard.",
};
