import { windowPool } from '../analyzer/compare/pooled-windows.js';
import type { Level, Measured } from '../src/core/run.js';
import { formatSpread, spreadOf } from './spread.js';
import { runOfTheTool } from './through-the-tool.js';

const rounds = 9;
/** Of the reference, before each round and after the last one: three windows, of which the first, with the start of server and client, is left out. */
const sliceMs = 9000;
const flags = ['-m', 'simple', '--concurrency-range', '4'];
/** No round begins later: the whole stays below six minutes. */
const lastStartMs = 275_000;

/** Two ways to look at one and the same run in windows, and three adaptive ones. */
const fixed = ['-p', '5000', '-r', '5', '--percentile', '99'];
const adaptive: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ['adaptive, the default', []],
  ['adaptive, --percentile 99 --precision 10', ['--percentile', '99', '--precision', '10']],
  ['adaptive, --percentile 99 --max-time 9s', ['--percentile', '99', '--max-time', '9s']],
];

interface Attempt {
  readonly seconds: number;
  readonly p99Ms: number;
}

/**
 * Adaptive levels against three fixed windows of 5 s on `simple` in the embedded server, which each run launches. Rounds alternate, and slices of
 * the reference lie between them, so that all meet the same hour of the machine.
 */
export async function benchAdaptiveLive(): Promise<void> {
  const begunAt = performance.now();
  const reference: Measured[] = await slice();
  const attempts = new Map<string, Attempt[]>();
  const note = (name: string, attempt: Attempt): void => {
    attempts.set(name, [...(attempts.get(name) ?? []), attempt]);
  };
  console.log(`simple, concurrency 4, HTTP, embedded server of each run: at most ${rounds} rounds, less than 6 min`);
  for (let round = 0; round < rounds && performance.now() - begunAt < lastStartMs; round++) {
    const { windows, summary } = await levelOf(fixed);
    note('three windows of 5 s', attemptOf(windows.slice(0, 3)));
    note('windows until three agree in p99 (at most 5)', { ...attemptOf(windows), p99Ms: p99Of([summary]) });
    for (const [name, more] of adaptive) {
      const level = await levelOf(more);
      note(name, { ...attemptOf(level.windows), p99Ms: p99Of([level.summary]) });
    }
    reference.push(...(await slice()));
  }
  report(reference, attempts);
}

async function levelOf(more: readonly string[]): Promise<Level> {
  const { levels } = await runOfTheTool([...flags, ...more]);
  const [level] = levels;
  if (level?.summary.latency === undefined) throw new Error(`no valid answer with ${more.join(' ')}`);
  return level;
}

const slice = async (): Promise<Measured[]> =>
  (await levelOf(['-p', String(sliceMs / 3), '-r', '3', '-s', '1000'])).windows.slice(1);

const attemptOf = (windows: readonly Measured[]): Attempt => ({
  seconds: windows.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000,
  p99Ms: p99Of(windows),
});

const p99Of = (windows: readonly Measured[]): number =>
  windowPool(windows)(new Uint32Array(windows.length).fill(1)).percentileMs(99);

function report(reference: readonly Measured[], attempts: ReadonlyMap<string, readonly Attempt[]>): void {
  const truth = p99Of(reference);
  const slices = reference.flatMap((window, index) =>
    index % 2 === 0 ? [p99Of([window, reference[index + 1] ?? window])] : [],
  );
  const seconds = reference.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000;
  console.log(
    `reference: p99 ${truth.toFixed(4)} ms over ${seconds} s in ${slices.length} slices between the rounds, ` +
      `of which each has ${formatSpread(spreadOf(slices), 4)} ms: so much of the error is the machine's`,
  );
  let rival: { readonly seconds: number; readonly error: number } | undefined;
  for (const [name, made] of attempts) {
    const errors = made.map(({ p99Ms }) => p99Ms / truth - 1);
    const found = {
      seconds: made.reduce((sum, attempt) => sum + attempt.seconds, 0) / made.length,
      error: Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / made.length),
    };
    rival ??= found;
    console.log(
      `${name}: ${found.seconds.toFixed(2)} s a level (${(100 * (found.seconds / rival.seconds)).toFixed(0)} % of three windows; target: 60), ` +
        `error of p99 ${(100 * found.error).toFixed(2)} % root mean square (${(100 * (found.error / rival.error)).toFixed(0)} %; target: 100), ` +
        `each ${formatSpread(spreadOf(errors.map((error) => 100 * error)), 1)} %, ${made.length} rounds`,
    );
  }
}
