import { closeSync, fstatSync, readSync, writeSync } from 'node:fs';
import { RefusalError } from '../refusal.js';
import { openRegionFile, sharedMemoryFolder } from './region-file.js';
import { checkRegionName, noCuda, type SharedMemoryControl, type SystemRegion } from './shared-memory.js';

/** A stretch of a registered region. */
export interface RegionPart {
  readonly region: string;
  /** From the beginning of the region, in bytes. */
  readonly offset: number;
  readonly byteSize: number;
}

/** Registered regions. Disposal forgets them all. */
export interface SystemMemory extends SharedMemoryControl, Disposable {
  /** @throws RefusalError unless the region is registered and the part lies inside it */
  check(part: RegionPart): void;
  /** A copy of what lies there. @throws RefusalError as `check`, and when the file has shrunk */
  read(part: RegionPart): Uint8Array;
  /** Writes from the beginning of the part; the data must fit. @throws RefusalError as `check` */
  write(part: RegionPart, data: Uint8Array): void;
}

interface OpenRegion extends SystemRegion {
  readonly file: number;
}

/** System shared memory by reading and writing the files of its objects, which stay open while they are registered. */
export function createSystemMemory(folder = sharedMemoryFolder): SystemMemory {
  const regions = new Map<string, OpenRegion>();

  const find = (name: string): OpenRegion => {
    const region = regions.get(name);
    if (region === undefined) throw new RefusalError('not-found', `Unable to find shared memory region: '${name}'`);
    return region;
  };

  const locate = ({ region: name, offset, byteSize }: RegionPart): { file: number; position: number } => {
    const region = find(name);
    if (offset >= region.byteSize && byteSize > 0) {
      throw new RefusalError('invalid-argument', `Invalid offset for shared memory region: '${name}'`);
    }
    if (offset + byteSize > region.byteSize) {
      throw new RefusalError('invalid-argument', `Invalid offset + byte size for shared memory region: '${name}'`);
    }
    return { file: region.file, position: region.offset + offset };
  };

  const forget = (name: string): void => {
    const region = regions.get(name);
    if (region === undefined) return;
    regions.delete(name);
    closeSync(region.file);
  };

  const forgetAll = (): void => {
    for (const name of [...regions.keys()]) forget(name);
  };

  return {
    ...noCuda,
    systemStatus: (name) => {
      if (name === '') return [...regions.values()];
      if (regions.has(name)) return [find(name)];
      throw new RefusalError('not-found', `Unable to find system shared memory region: '${name}'`);
    },
    registerSystem: (region) => {
      checkRegionName(region.name);
      if (regions.has(region.name)) {
        throw new RefusalError('already-exists', `shared memory region '${region.name}' already in manager`);
      }
      regions.set(region.name, { ...region, file: openWhole(region, folder) });
    },
    unregisterSystem: (name) => (name === '' ? forgetAll() : forget(name)),
    check: (part) => void locate(part),
    read: (part) => {
      const { file, position } = locate(part);
      const data = new Uint8Array(part.byteSize);
      if (readSync(file, data, 0, data.length, position) === data.length) return data;
      throw new RefusalError(
        'invalid-argument',
        `Invalid offset + byte size for shared memory region: '${part.region}'`,
      );
    },
    write: (part, data) => {
      const { file, position } = locate(part);
      writeSync(file, data, 0, data.length, position);
    },
    [Symbol.dispose]: forgetAll,
  };
}

/** Opens the region's file, which must hold the whole region. */
function openWhole({ name, key, offset, byteSize }: SystemRegion, folder: string): number {
  const file = openRegionFile(key, folder);
  const { size } = fstatSync(file);
  const isInside = Number.isSafeInteger(offset) && Number.isSafeInteger(byteSize) && offset >= 0 && byteSize > 0;
  if (isInside && offset + byteSize <= size) return file;
  closeSync(file);
  throw new RefusalError('invalid-argument', `failed to register shared memory region '${name}': invalid args`);
}
