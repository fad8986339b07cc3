import type { Random } from '../../src/core/random.js';

/** How a call goes wrong on purpose; what it does to a connection happens only when no other call is on it. */
export type Fault = 'none' | 'cut-short' | 'torn-down' | 'reset' | 'garbage' | 'goaway';

/** What a server does with one call; drawn once, played to every transport. */
export interface Script {
  readonly requestBytes: number;
  readonly status: number;
  readonly text: string;
  readonly body: Buffer;
  readonly framing: 'length' | 'chunked' | 'to-end' | 'close';
  readonly interim: boolean;
  readonly extraFields: number;
  readonly fault: Fault;
  /** 0 to 1: where in the answer it is cut. */
  readonly cutAt: number;
  /** In how many pieces the answer is written, each in a turn of its own. */
  readonly pieces: number;
  /** Seeds the places of the cuts. */
  readonly seed: number;
}

export interface ScriptRules {
  readonly statuses: readonly number[];
  readonly success: number;
  readonly faults: readonly Fault[];
}

/** Bytes to cut bodies from. */
export const pool = Buffer.alloc(8 * 1024 * 1024 + 4096);
for (let offset = 0; offset < pool.length; offset += 4) pool.writeUInt32LE((offset * 2654435761) % 4294967296, offset);

const texts = [
  '',
  'no',
  'model is not ready',
  'größe 100% „falsch“',
  'line\nbreak',
  'x'.repeat(3000),
  'a"b\\c',
  '%41%zz',
];

export const pick = <T>(random: Random, values: readonly [T, ...T[]] | readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

export function drawScript(random: Random, { statuses, success, faults }: ScriptRules): Script {
  const size = drawSize(random);
  const from = Math.floor(random() * 4096);
  return {
    requestBytes: random() < 0.01 ? Math.floor(random() * 2e6) : Math.floor(random() * 300),
    status: random() < 0.75 ? success : pick(random, statuses),
    text: pick(random, texts),
    body: pool.subarray(from, from + size),
    framing: pick(random, ['length', 'length', 'chunked', 'to-end', 'close'] as const),
    interim: random() < 0.1,
    extraFields: random() < 0.3 ? Math.floor(random() * 20) : 0,
    fault: random() < 0.1 ? pick(random, faults) : 'none',
    cutAt: random(),
    pieces: random() < 0.5 ? 1 : 1 + Math.floor(random() * 12),
    seed: Math.floor(random() * 2 ** 31),
  };
}

/** Small sizes are frequent, the largest is 8 MiB. */
function drawSize(random: Random): number {
  const kind = random();
  if (kind < 0.1) return 0;
  if (kind < 0.9) return Math.floor(random() * 2000);
  if (kind < 0.997) return Math.floor(random() * 70_000);
  return Math.floor(random() * (8 * 1024 * 1024 + 1));
}

/** Cuts `bytes` at random places, the first few bytes more often than the rest. */
export function cutUp(bytes: Buffer, pieces: number, random: Random): Buffer[] {
  const cuts = Array.from({ length: pieces - 1 }, () =>
    Math.floor(random() * (random() < 0.5 ? Math.min(bytes.length, 300) : bytes.length)),
  ).sort((left, right) => left - right);
  const ends = [...cuts, bytes.length];
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

/** One turn of the event loop, so that a piece most likely leaves alone. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
