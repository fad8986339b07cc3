import type { InferenceService } from '../inference-service.js';

type Message = Readonly<Record<string, unknown>>;

/** The answers of the shared-memory calls, by their names. */
export function sharedMemoryAnswers(
  service: Pick<InferenceService, 'sharedMemory'>,
): Readonly<Record<string, (request: Message) => Message>> {
  const nothing = (act: () => void): Message => {
    act();
    return {};
  };
  return {
    SystemSharedMemoryStatus: (request) => ({
      regions: Object.fromEntries(
        service.sharedMemory
          .systemStatus(nameOf(request))
          .map(({ name, key, offset, byteSize }) => [name, { name, key, offset, byte_size: byteSize }]),
      ),
    }),
    SystemSharedMemoryRegister: (request) =>
      nothing(() =>
        service.sharedMemory.registerSystem({
          name: nameOf(request),
          key: String(request['key']),
          offset: numberOf(request['offset']),
          byteSize: numberOf(request['byte_size']),
        }),
      ),
    SystemSharedMemoryUnregister: (request) => nothing(() => service.sharedMemory.unregisterSystem(nameOf(request))),
    CudaSharedMemoryStatus: (request) => {
      service.sharedMemory.cudaStatus(nameOf(request));
      return {};
    },
    CudaSharedMemoryRegister: (request) => nothing(() => service.sharedMemory.registerCuda(nameOf(request))),
    CudaSharedMemoryUnregister: (request) => nothing(() => service.sharedMemory.unregisterCuda(nameOf(request))),
  };
}

const nameOf = (request: Message): string => (typeof request['name'] === 'string' ? request['name'] : '');

/** protobufjs gives 64-bit integers as Long objects. */
const numberOf = (value: unknown): number =>
  typeof value === 'number' ? value : (value as { toNumber(): number }).toNumber();
