import { type JsonObject, parseJsonObject } from '../../protocol/json.js';
import { RefusalError } from '../refusal.js';
import { emptyAnswer, type HttpAnswer, jsonAnswer } from './answer.js';
import type { HttpCall } from './http-call.js';

/** The region that the path names; '' = all. */
const regionOf = ({ path }: HttpCall): string => path.get('region') ?? '';

export const handleSystemStatus = (call: HttpCall): HttpAnswer =>
  jsonAnswer(
    call.service.sharedMemory
      .systemStatus(regionOf(call))
      .map(({ name, key, offset, byteSize }) => ({ name, key, offset, byte_size: byteSize })),
  );

export function handleSystemRegister(call: HttpCall): HttpAnswer {
  const body = parseJsonObject(call.body.toString('utf8'));
  const key = body['key'];
  if (typeof key !== 'string') throw missing('key', regionOf(call));
  const offset = bytesIn(body, 'offset', call);
  const byteSize = bytesIn(body, 'byte_size', call);
  if (byteSize === undefined) throw missing('byte_size', regionOf(call));
  call.service.sharedMemory.registerSystem({ name: regionOf(call), key, offset: offset ?? 0, byteSize });
  return emptyAnswer;
}

export function handleSystemUnregister(call: HttpCall): HttpAnswer {
  call.service.sharedMemory.unregisterSystem(regionOf(call));
  return emptyAnswer;
}

export const handleCudaStatus = (call: HttpCall): HttpAnswer =>
  jsonAnswer(call.service.sharedMemory.cudaStatus(regionOf(call)));

export function handleCudaRegister(call: HttpCall): HttpAnswer {
  call.service.sharedMemory.registerCuda(regionOf(call));
  return emptyAnswer;
}

export function handleCudaUnregister(call: HttpCall): HttpAnswer {
  call.service.sharedMemory.unregisterCuda(regionOf(call));
  return emptyAnswer;
}

function bytesIn(body: JsonObject, member: string, call: HttpCall): number | undefined {
  const value = body[member];
  if (value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)) return value;
  throw new RefusalError(
    'invalid-argument',
    `'${member}' of shared memory region '${regionOf(call)}' must be a number of bytes`,
  );
}

const missing = (member: string, region: string): RefusalError =>
  new RefusalError('invalid-argument', `Shared memory region '${region}' register request has no '${member}' field`);
