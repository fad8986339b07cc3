import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A model whose whole space is measured, and the flags of `search` for it. */
export interface LiveCase {
  readonly model: string;
  /** Where the grid of brute force is kept. */
  readonly grid: string;
  /** What varies and how long windows are, the same for brute force and `guided`. */
  readonly flags: readonly string[];
  /** Measurements that `guided` proposes, at most; its own limit unless given. */
  readonly looks?: number;
  readonly limitMs: number;
  /** Measurements of each of the last candidates, in turn. */
  readonly rounds: number;
}

const vary = (...dimensions: readonly string[]): string[] => dimensions.flatMap((each) => ['--vary', each]);

const kept = (model: string): string => join('bench', 'search', 'grids', `${model}.csv`);

/** On 2 cores the first has 306 candidates with their loads, the second 234; the last one is there to try the bench itself. */
const cases: readonly LiveCase[] = [
  {
    model: 'mlp',
    grid: kept('mlp'),
    flags: [
      ...vary('instance_count=1,2', 'max_batch_size=1,4,16,32,64', 'max_queue_delay_microseconds=0,500,1000,2000'),
      ...vary('intra_op_thread_count=1,2'),
      ...['--concurrency-range', '1:32', '-p', '3000'],
    ],
    limitMs: 5,
    rounds: 8,
  },
  {
    model: 'mobilenet_v2',
    grid: kept('mobilenet_v2'),
    flags: [
      ...vary('instance_count=1,2', 'max_batch_size=1,2,4,8,16', 'max_queue_delay_microseconds=0,1000,5000'),
      ...vary('intra_op_thread_count=1,2'),
      ...['--concurrency-range', '1:32', '-p', '4000'],
    ],
    looks: 20,
    limitMs: 100,
    rounds: 8,
  },
  {
    model: 'simple',
    grid: join(tmpdir(), 'perf-analyze-simple.csv'),
    flags: [
      ...vary('instance_count=1,2', 'max_batch_size=1,4', 'intra_op_thread_count=1'),
      ...['--concurrency-range', '1:4', '-p', '1000'],
    ],
    limitMs: 20,
    rounds: 2,
  },
];

/** @throws Error for a model without a case */
export function liveCase(model: string | undefined): LiveCase {
  const found = cases.find((each) => each.model === model);
  if (found !== undefined) return found;
  throw new Error(`expected a model of ${cases.map((each) => each.model).join(', ')}, got ${model}`);
}
