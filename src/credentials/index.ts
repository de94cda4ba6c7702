/**
 * @module credentials: what somebody proves with who they are. Certificates of an authority of one's own, with its revocation
 * list, and the hash functions of passwords; and files that keep secrets.
 */

export {
  CertificateFolder,
  type IssuedCertificate,
  type IssueOptions,
  type WrittenFiles,
} from "./certificate-folder.ts";
export type { CertificateFacts, KeyKind } from "./certificate-maker.ts";
export { type CloudSecrets, parseCloudSecrets } from "./cloud-secrets.ts";
export { createFile, PRIVATE_MODE, replaceFile, whyUnwritable } from "./files.ts";
export { HttpCallError, type HttpCallOptions, httpCall } from "./http-call.ts";
export type { JwtAlgorithm, JwtKeySource } from "./jwt-keys.ts";
export { type JwtVerifierOptions, jwtVerifier } from "./jwt-verifier.ts";
export type { KeySetOptions } from "./key-set.ts";
export { keyedHashing, signatures } from "./keyed-hashing.ts";
export { passwordHashing, scramHashing } from "./password-hashing.ts";
export { parsePskFile } from "./psk-file.ts";
export { WatchedFile, type WatchedFileOptions } from "./watched-file.ts";
