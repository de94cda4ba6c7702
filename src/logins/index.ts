/**
 * @module logins: the ways to prove who one is, as providers that stand in a chain: passwords, tokens, certificates, SCRAM, an
 * HTTP service, and the logins of IoT clouds.
 */

export { AnonymousLogin, type AnonymousLoginOptions } from "./anonymous-login.ts";
export {
  type CertificateField,
  CertificateLogin,
  type CertificateLoginOptions,
  PskLogin,
} from "./certificate-login.ts";
export { LoginChain, type LoginVerdict, type OnVerdict } from "./chain.ts";
export { FastPass } from "./fast-pass.ts";
export { HttpAccess, type HttpAccessOptions, type PermittingGate } from "./http-access.ts";
export { HttpLogin, type HttpLoginOptions } from "./http-login.ts";
export type { HttpAnswer, HttpCall, HttpServiceOptions } from "./http-service.ts";
export {
  type JwtLoginOptions,
  jwtLogin,
  type TokenPlace,
  type TokenVerdict,
  type TokenVerifier,
} from "./jwt.ts";
export { PasswordFileLogin, type PasswordFileLoginOptions } from "./password-file-login.ts";
export type { LoginProvider, RefusedLogin } from "./provider.ts";
export { ScramLogin, type ScramLoginOptions, type ScramName } from "./scram-login.ts";
export { WaitingRoom, type WaitingRoomOptions } from "./waiting-room.ts";
