/**
 * The `HttpCall` of Node: a POST by `fetch`, whose connections are kept for the next one. An answer has to be there as a whole
 * within its time and its size. Redirects are not followed: a password goes to the address of the configuration and to no
 * other.
 */

import { ConfigError, describeError, MartletError } from "#base";
import type { HttpCall } from "#logins";

export interface HttpCallOptions {
  /** With `http:` or `https:`, without a user name; a secret belongs into `headers`. */
  readonly url: string;
  /** For example `{ authorization: "Bearer …" }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole exchange. Default 5,000. */
  readonly timeoutMs?: number;
  /** Of the answer's body. Default 65,536. */
  readonly maximumAnswerBytes?: number;
}

/** There was no whole answer. Says which host and what was wrong, and nothing of path, headers or question. */
export class HttpCallError extends MartletError {
  constructor(host: string, problem: string, options?: ErrorOptions) {
    super("MARTLET_CONNECTION", `${host}: ${problem}`, options);
  }
}

/** The status of an answer that counts; the bodies of others are not read. */
const OK = 200;

/** @throws ConfigError for an address or a header that HTTP does not have */
export function httpCall(options: HttpCallOptions): HttpCall {
  const { timeoutMs = 5_000, maximumAnswerBytes = 65_536 } = options;
  const url = checkedUrl(options.url);
  const headers = checkedHeaders(options.headers ?? {});
  return async (json) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { method: "POST", body: json, headers, redirect: "manual", signal });
      if (response.status !== OK) {
        await response.body?.cancel();
        return { status: response.status, body: new Uint8Array(0) };
      }
      return { status: OK, body: await bodyOf(response, url.host, maximumAnswerBytes) };
    } catch (error) {
      if (error instanceof HttpCallError) throw error;
      const problem = signal.aborted ? `no whole answer within ${timeoutMs} ms` : causeOf(error);
      throw new HttpCallError(url.host, problem, { cause: error });
    }
  };
}

async function bodyOf(response: Response, host: string, maximumBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > maximumBytes)
      throw new HttpCallError(host, `the answer is longer than ${maximumBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `fetch failed` says nothing; what is behind it does. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ?? describeError(cause ?? error);
}

function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new ConfigError("url", "it is no address of HTTP; give one like https://service.example.org/mqtt.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new ConfigError("url", "it has a user name or a password in it; give them as a header.");
  }
  return url;
}

function checkedHeaders(given: Readonly<Record<string, string>>): Headers {
  // Packed answers would unpack to more than was looked at.
  const headers = new Headers({ "content-type": "application/json", "accept-encoding": "identity" });
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.set(name, value);
    } catch {
      throw new ConfigError(`headers.${name}`, "this is no header that HTTP can carry.");
    }
  }
  return headers;
}
