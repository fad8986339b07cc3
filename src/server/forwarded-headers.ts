import { type InferRequest, noParameters, type Parameters } from '../protocol/infer.js';

/** Which headers of an inference become parameters of its request, by a part of their name (v2 protocol, 5 "parameters"). */
export type HeaderPattern = RegExp;

/** By name in lower case, as both protocols carry them. */
type HeaderFields = Iterable<readonly [name: string, value: unknown]>;

/** The headers whose names match, as parameters; pseudo-headers of HTTP/2 are none. */
export function forwardedFrom(headers: HeaderFields, pattern: HeaderPattern | undefined): Parameters {
  if (pattern === undefined) return noParameters;
  const forwarded = new Map<string, string>();
  for (const [name, value] of headers) {
    if (value !== undefined && !name.startsWith(':') && pattern.test(name)) forwarded.set(name, String(value));
  }
  return forwarded;
}

/** A header wins over a parameter of its name: what a gateway says must not be said by its clients. */
export const withForwarded = (request: InferRequest, forwarded: Parameters): InferRequest =>
  forwarded.size === 0 ? request : { ...request, parameters: new Map([...request.parameters, ...forwarded]) };
