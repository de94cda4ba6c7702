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
export { createFile, PRIVATE_MODE, replaceFile } from "./files.ts";
export { passwordHashing } from "./password-hashing.ts";
