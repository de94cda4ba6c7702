/**
 * @module clouds: the logins of IoT clouds, as verifiers for a broker that plays one, and as makers of the credentials that a
 * device needs.
 */

export type { AliyunRegistry, AliyunToken } from "./aliyun-login.ts";
export type { AwsAuthorizer, AwsAuthorizerRequest } from "./aws-authorizer.ts";
export {
  type CloudAccepted,
  type CloudName,
  type CloudProvider,
  cloudNames,
  type PushedMessage,
  type SecretLookup,
  type SecretOwner,
} from "./cloud-login.ts";
export type { CloudCredentials } from "./credentials.ts";
export type { KeyedHashing, SignatureAlgorithm, Signatures } from "./keyed-hashing.ts";
export { type CloudProviderOptions, cloudCredentials, cloudProvider } from "./providers.ts";
