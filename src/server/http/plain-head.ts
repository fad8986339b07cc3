/** The head of a request in the plain form (`parsePlainHead`). */
export interface PlainHead {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** 0 without a body. */
  readonly contentLength: number;
}

const requestLine = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1$/;
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[!-~](?:[ \t!-~]*[!-~])?)?)[ \t]*$/;

/** Headers that change how the message is framed or how the connection goes on. */
const notPlain = new Set(['transfer-encoding', 'expect', 'upgrade', 'trailer', 'te', 'connection', 'keep-alive']);

/**
 * Reads a request head (RFC 9112) of the form that inference clients send: GET or POST, printable ASCII, no header twice, a
 * body of a known length on a connection that is kept.
 *
 * @param text from the request line to the last header, without the empty line
 * @returns `undefined` for everything else, also what is not HTTP at all: `node:http` shall judge it
 */
export function parsePlainHead(text: string): PlainHead | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const [, method, url] = requestLine.exec(first) ?? [];
  const headers = parseFields(lines);
  if ((method !== 'GET' && method !== 'POST') || url === undefined || headers === undefined) return undefined;
  const length = headers['content-length'] ?? '0';
  return /^\d{1,15}$/.test(length) ? { method, url, headers, contentLength: Number(length) } : undefined;
}

function parseFields(lines: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const [, name, value] = fieldLine.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    if (key in headers || !isPlain(key, value)) return undefined;
    headers[key] = value;
  }
  return headers;
}

const isPlain = (key: string, value: string): boolean =>
  !notPlain.has(key) || (key === 'connection' && value.toLowerCase() === 'keep-alive');
