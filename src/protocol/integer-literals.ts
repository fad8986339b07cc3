import { datatypeFacts } from './datatype.js';
import { parseWrittenNumbers, WrittenNumber } from './exact-json.js';
import type { InferInput } from './infer.js';
import { isJsonObject } from './json.js';
import { ProtocolError } from './protocol-error.js';

/**
 * Integers need integer literals (v2 protocol, 3.3): refuses `1.0` where `JSON.parse` saw a 1. The text is looked at once more
 * only when an integer tensor is in it and a number with a fraction or an exponent too.
 *
 * @param text of the request
 * @param inputs as they were read from it, in its order
 * @param given what the text has as `inputs`
 * @throws ProtocolError that names the tensor and the number
 */
export function checkIntegerLiterals(
  text: string,
  { inputs, given }: { readonly inputs: readonly InferInput[]; readonly given: readonly unknown[] },
): void {
  const hasJson = (index: number): boolean => isJsonObject(given[index]) && Array.isArray(given[index]['data']);
  const suspects = inputs.filter(
    ({ datatype }, index) => datatypeFacts[datatype].range !== undefined && hasJson(index),
  );
  if (suspects.length === 0 || !/\d[.eE]/.test(text)) return;
  const written = parseWrittenNumbers(text) as { readonly inputs: readonly { readonly data?: unknown }[] };
  for (const suspect of suspects) {
    const found = firstWritten(written.inputs[inputs.indexOf(suspect)]?.data);
    if (found === undefined) continue;
    const { name, datatype } = suspect;
    const what = `unable to parse 'data' of tensor '${name}' of type ${datatype}`;
    throw new ProtocolError(`${what}: expected an integer, got ${found.text.slice(0, 40)}`);
  }
}

function firstWritten(data: unknown): WrittenNumber | undefined {
  if (data instanceof WrittenNumber) return data;
  if (!Array.isArray(data)) return undefined;
  for (const element of data) {
    const found = firstWritten(element);
    if (found !== undefined) return found;
  }
  return undefined;
}
