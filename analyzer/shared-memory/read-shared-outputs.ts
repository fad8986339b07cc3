import type { InferOutput, InferResponse } from '../../src/protocol/infer.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import { elementCount, rawByteSize } from '../../src/protocol/tensor.js';
import type { OutputLayout } from './shared-layout.js';
import { type SharedBytes, unwritten } from './shared-object.js';

/**
 * Puts the outputs of an answer that a server wrote into a region into the answer, and overwrites them in the region:
 * what one request left there must not pass for the answer to the next.
 *
 * @throws ProtocolError when an output is larger than its area
 */
export function readSharedOutputs(response: InferResponse, layout: OutputLayout, region: SharedBytes): InferResponse {
  const outputs = response.outputs.map((output): InferOutput => {
    const area = layout.areas.find(({ name }) => name === output.name);
    if (area === undefined) return output;
    const whole = region.read(area.offset, area.byteSize);
    region.write(area.offset, Buffer.alloc(area.byteSize, unwritten));
    return { ...output, data: whole.subarray(0, usedBytes(output, whole)) };
  });
  return { ...response, outputs };
}

function usedBytes({ name, datatype, shape }: InferOutput, area: Buffer): number {
  const bytes = rawByteSize(datatype, shape) ?? stringBytes(area, elementCount(shape));
  if (bytes <= area.length) return bytes;
  throw new ProtocolError(
    `output '${name}' of shape [${shape}] does not fit its ${area.length} bytes of shared memory`,
  );
}

/** How far so many strings reach that each begin with their length; beyond the area when they do not fit. */
function stringBytes(area: Buffer, count: number): number {
  let end = 0;
  for (let index = 0; index < count && end <= area.length; index++) {
    end += end + 4 <= area.length ? 4 + area.readUInt32LE(end) : Number.POSITIVE_INFINITY;
  }
  return end;
}
