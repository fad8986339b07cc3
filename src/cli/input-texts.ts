import type { InferRequest } from '../protocol/infer.js';
import { tensorValuesText } from '../protocol/tensor-values.js';

/** The inputs of a request as a JSON object, by its number among the prepared ones; absent when they are too large. */
export type InputTexts = (request: number) => string | undefined;

/** Texts that are used again; with more data than this, those that were not kept are made anew each time. */
const keptCharacters = 16 * 1024 * 1024;

/** @param limitBytes the inputs of a request that have more together are too large */
export function inputTexts(requests: readonly InferRequest[], limitBytes: number): InputTexts {
  const kept = new Map<InferRequest, string>();
  let keptLength = 0;
  return (number) => {
    const request = requests[number % requests.length];
    if (request === undefined) return undefined;
    const known = kept.get(request);
    if (known !== undefined || bytesOf(request) > limitBytes) return known;
    const text = tensorValuesText(request.inputs);
    if (keptLength + text.length <= keptCharacters) {
      kept.set(request, text);
      keptLength += text.length;
    }
    return text;
  };
}

const bytesOf = ({ inputs }: InferRequest): number => inputs.reduce((sum, { data }) => sum + data.length, 0);
