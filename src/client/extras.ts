/**
 * What a program adds to a client when it needs it; a bundle holds only what is imported.
 */

export { reasonName } from "#protocol";
export { type AesGcmOptions, aesGcm } from "./codecs/aes-gcm.ts";
export { cbor } from "./codecs/cbor.ts";
export { json } from "./codecs/json.ts";
export { text } from "./codecs/text.ts";
export { type Fallback, type FollowRedirect, fallbackTo311, followRedirect } from "./detours.ts";
export { enhancedAuthentication } from "./enhanced-authentication.ts";
export { type OpenOutbox, storedOutbox } from "./outbox-journal.ts";
export { knownRepeats, type OpenRepeats, type Repeats } from "./repeats.ts";
export { type RequestOptions, type Responder, request, respond } from "./request-response.ts";
export { AuthenticationError, type ScramOptions, scramSha256 } from "./scram.ts";
export { topicPattern } from "./topic-pattern.ts";
