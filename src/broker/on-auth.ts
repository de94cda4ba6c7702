/**
 * AUTH (sections 3.15 and 4.12): enhanced authentication before CONNACK, and again on a live connection.
 */

import type { Accepted, Continued, Exchange, Login, Refused } from "#auth";
import { isPromise } from "#base";
import { type AuthPacket, type ConnectPacket, PacketType, ProtocolError, ReasonCode } from "#protocol";
import type { Channel } from "./channel.ts";

/** The method a client authenticates with, and the exchange while one is under way. */
export interface Authentication {
  readonly method: string;
  readonly login: Login;
  /** The CONNECT that waits for the end of the exchange; undefined once it has been answered. */
  connect: ConnectPacket | undefined;
  /** Answers that CONNECT. */
  readonly onDecision: (channel: Channel, connect: ConnectPacket, decision: Accepted | Refused) => void;
  exchange: Exchange | undefined;
}

type Step = Accepted | Continued | Refused;

/** CONNECT named a method. */
export function beginAuthentication(
  channel: Channel,
  login: Login,
  method: string,
  connect: ConnectPacket,
  onDecision: Authentication["onDecision"],
): void {
  const exchange = channel.core.gate.beginExchange?.(method, login);
  if (exchange === undefined) {
    const reason = `The authentication method "${method}" is not offered.`;
    channel.refuseConnect(ReasonCode.BAD_AUTHENTICATION_METHOD, "connect-refused", reason); // [MQTT-4.12.0-1]
    return;
  }
  channel.phase = "authenticating";
  channel.login.authentication = { method, login, connect, onDecision, exchange };
  take(channel, exchange.step(connect.properties.authenticationData));
}

export function onAuth(channel: Channel, packet: AuthPacket): void {
  const { authentication } = channel.login;
  // [MQTT-4.12.0-7], [U5-3.15]
  if (authentication === undefined)
    throw new ProtocolError("AUTH without an authentication method.", "MQTT-4.12.0-7");
  const method = packet.properties.authenticationMethod;
  if (method !== authentication.method) {
    throw new ProtocolError("AUTH with another method than CONNECT.", "MQTT-4.12.0-5"); // also [MQTT-4.12.1-1]
  }
  const isLive = channel.phase === "connected";
  if (packet.reasonCode === ReasonCode.RE_AUTHENTICATE) {
    if (!isLive || authentication.exchange !== undefined) {
      throw new ProtocolError("Re-authentication at the wrong time.", "MQTT-3.15.2-1");
    }
    authentication.exchange = channel.core.gate.beginExchange?.(method, authentication.login);
  } else if (packet.reasonCode !== ReasonCode.CONTINUE_AUTHENTICATION) {
    throw new ProtocolError("A client continues or begins an authentication.", "MQTT-3.15.2-1");
  }
  const { exchange } = authentication;
  if (exchange === undefined) throw new ProtocolError("No authentication is under way.", "MQTT-3.15.2-1");
  take(channel, exchange.step(packet.properties.authenticationData));
}

function take(channel: Channel, step: Step | Promise<Step>): void {
  if (isPromise(step)) channel.waitFor(step, (settled) => onStep(channel, settled));
  else onStep(channel, step);
}

function onStep(channel: Channel, step: Step): void {
  const { authentication } = channel.login;
  if (authentication === undefined || channel.phase === "closed") return;
  const { method, connect } = authentication;
  if (step.outcome === "continued") {
    const properties = { authenticationMethod: method, authenticationData: step.authenticationData };
    channel.outbound.send({
      type: PacketType.AUTH,
      reasonCode: ReasonCode.CONTINUE_AUTHENTICATION,
      properties,
    }); // [MQTT-4.12.0-2]
    return;
  }
  authentication.exchange = undefined;
  authentication.connect = undefined;
  if (connect !== undefined) {
    authentication.onDecision(channel, connect, step);
    return;
  }
  if (step.outcome === "refused") {
    const detail = step.reasonString === undefined ? {} : { detail: step.reasonString };
    channel.close({ kind: "authentication-failed", reasonCode: step.reasonCode, ...detail }); // [MQTT-4.12.1-2]
    return;
  }
  const { userName = channel.client.userName } = step;
  if (userName !== channel.client.userName) {
    const detail = "The client is somebody else now.";
    channel.close({ kind: "authentication-failed", reasonCode: ReasonCode.NOT_AUTHORIZED, detail });
    return;
  }
  channel.takeLogin(step);
  channel.session?.permissions?.forget();
  const data = step.authenticationData === undefined ? {} : { authenticationData: step.authenticationData };
  const properties = { authenticationMethod: method, ...data };
  channel.outbound.send({ type: PacketType.AUTH, reasonCode: ReasonCode.SUCCESS, properties });
}
