/** All clouds in one place: verifiers by name, and makers of credentials. */

import type { MaybePromise } from "#base";
import { aliyunCredentials, aliyunRegistration, aliyunToken } from "./aliyun.ts";
import { type AliyunRegistry, aliyunLogin } from "./aliyun-login.ts";
import { type AwsAuthorizer, awsAuthorizerCredentials, awsAuthorizerLogin } from "./aws-authorizer.ts";
import { awsUrlCredentials, awsUrlLogin } from "./aws-sigv4.ts";
import { azureCredentials, azureLogin } from "./azure.ts";
import { baiduCredentials, baiduLogin } from "./baidu.ts";
import type { CloudLoginOptions, CloudName, CloudProvider } from "./cloud-login.ts";
import { googleCredentials, googleLogin } from "./google.ts";
import { huaweiCredentials, huaweiLogin } from "./huawei.ts";
import type { Signatures } from "./keyed-hashing.ts";
import { onenetCredentials, onenetLogin, onenetOldCredentials, onenetOldLogin } from "./onenet.ts";
import { tencentCredentials, tencentLogin } from "./tencent.ts";

export interface CloudProviderOptions extends CloudLoginOptions {
  readonly signatures: Signatures;
  /** For `aws-authorizer`. Absent: there are none. */
  readonly authorizerOf?: (name: string) => MaybePromise<AwsAuthorizer | undefined>;
  /** For `aliyun`. Absent: no device registers by itself. */
  readonly registry?: AliyunRegistry;
  /** For `aliyun`: registering needs TLS, which may end before the broker. Default false. */
  readonly registerOverPlainTcp?: boolean;
}

/**
 * The verifier of a cloud's logins. It never throws; a promise of `secretOf` that is rejected is one of its own.
 *
 * @example
 *     const provider = cloudProvider("aliyun", { hashing, signatures, clock: systemClock(), secretOf });
 */
export function cloudProvider(cloud: CloudName, options: CloudProviderOptions): CloudProvider {
  const { signatures, authorizerOf = () => undefined } = options;
  switch (cloud) {
    case "aliyun":
      return aliyunLogin(options);
    case "onenet":
      return onenetLogin(options);
    case "onenet-old":
      return onenetOldLogin(options);
    case "huawei":
      return huaweiLogin(options);
    case "baidu":
      return baiduLogin(options);
    case "tencent":
      return tencentLogin(options);
    case "azure":
      return azureLogin(options);
    case "aws-authorizer":
      return awsAuthorizerLogin({ signatures, authorizerOf });
    case "aws-sigv4":
      return awsUrlLogin(options);
    case "google":
      return googleLogin(options);
  }
}

/** Pure functions from names and secrets to what a device puts into its CONNECT. */
export const cloudCredentials = {
  aliyun: aliyunCredentials,
  aliyunRegistration,
  aliyunToken,
  onenet: onenetCredentials,
  onenetOld: onenetOldCredentials,
  huawei: huaweiCredentials,
  baidu: baiduCredentials,
  tencent: tencentCredentials,
  azure: azureCredentials,
  awsAuthorizer: awsAuthorizerCredentials,
  awsUrl: awsUrlCredentials,
  google: googleCredentials,
} as const;
