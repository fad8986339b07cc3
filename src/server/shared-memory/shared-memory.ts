import { RefusalError } from '../refusal.js';

/** A region of system shared memory as clients register it (v2 protocol, extension "system shared memory"). */
export interface SystemRegion {
  readonly name: string;
  /** Name of the shared-memory object; a file in the shared-memory folder. */
  readonly key: string;
  /** Where the region begins in the object, in bytes. */
  readonly offset: number;
  readonly byteSize: number;
}

/** The shared-memory extensions as front ends see them. Every method throws `RefusalError` when it is refused. */
export interface SharedMemoryControl {
  /** All regions, or the one of that name. */
  systemStatus(name: string): readonly SystemRegion[];
  registerSystem(region: SystemRegion): void;
  /** All regions, or the one of that name; a name that is not registered is none. */
  unregisterSystem(name: string): void;
  /** There are never any: the server computes on the CPU. */
  cudaStatus(name: string): readonly never[];
  registerCuda(name: string): void;
  unregisterCuda(name: string): void;
}

/** The refusal of everything that has to do with shared memory. */
export const sharedMemoryIsOff = (): RefusalError =>
  new RefusalError(
    'unsupported',
    'Client shared memory is disabled: the server was not started with --allow-client-shm',
  );

/** What a server answers that was not told to let clients use shared memory. */
export function disabledSharedMemory(): SharedMemoryControl {
  const refuse = (): never => {
    throw sharedMemoryIsOff();
  };
  return {
    systemStatus: refuse,
    registerSystem: refuse,
    unregisterSystem: refuse,
    cudaStatus: refuse,
    registerCuda: refuse,
    unregisterCuda: refuse,
  };
}

/** @throws RefusalError for an empty name */
export function checkRegionName(name: string): void {
  if (name !== '') return;
  throw new RefusalError('invalid-argument', "'region name' is necessary to register a shared memory region");
}

/** CUDA shared memory as a server without GPUs answers it. */
export const noCuda: Pick<SharedMemoryControl, 'cudaStatus' | 'registerCuda' | 'unregisterCuda'> = {
  cudaStatus: (name) => {
    if (name === '') return [];
    throw new RefusalError('not-found', `Unable to find cuda shared memory region: '${name}'`);
  },
  registerCuda: (name) => {
    checkRegionName(name);
    throw new RefusalError(
      'invalid-argument',
      `failed to register CUDA shared memory region: '${name}', GPUs not supported`,
    );
  },
  unregisterCuda: () => undefined,
};
