import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '../../src/core/random.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { smallGraph } from '../precision/small-graph.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const names = ['small_fp16_weights', 'small_int8_dynamic'];

/** What runs of `variants --write-to` leave that are killed. */
export interface KilledVariants {
  readonly kills: number;
  /** Whole files that killed runs had written. */
  readonly files: number;
  /** Files that are not what a run writes that is left alone, and a source that has changed. */
  readonly faults: readonly string[];
}

/** Kills runs that write variants, each at another moment of its course, and looks at what they leave. */
export async function killVariants(kills: number, seed: number): Promise<KilledVariants> {
  const folder = await mkdtemp(join(tmpdir(), 'perf-analyze-killed-'));
  try {
    const source = join(folder, 'small.onnx');
    await writeFile(source, encodeModel(smallGraph()));
    const before = await digestOf(source);
    const start = performance.now();
    await written(source, join(folder, 'whole'));
    const durationMs = performance.now() - start;
    const random = seededRandom(seed);
    const faults: string[] = [];
    let files = 0;
    for (let count = 0; count < kills; count++) {
      const repository = join(folder, `killed-${count}`);
      // Files are written at the end of a run.
      await written(source, repository, durationMs * (0.5 + 0.6 * random()));
      for (const file of await filesIn(repository)) {
        files++;
        if ((await digestOf(join(repository, file))) === (await digestOf(join(folder, 'whole', file)))) continue;
        faults.push(`kill ${count}: ${file} is not whole`);
      }
    }
    if ((await digestOf(source)) !== before) faults.push('the source has changed');
    return { kills, files, faults };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs to the end, or until it is killed. */
async function written(source: string, repository: string, killAfterMs?: number): Promise<void> {
  const wish = ['variants', '-m', source, '--precisions', 'fp16-weights,int8-dynamic', '--batch-sizes', '1'];
  const child = spawn(process.execPath, [main, ...wish, '--max-time', '1ms', '--write-to', repository], {
    stdio: 'ignore',
  });
  const exit = once(child, 'exit');
  const stop = new AbortController();
  const killed = killAfterMs === undefined ? undefined : wait(killAfterMs, undefined, { signal: stop.signal });
  killed?.then(
    () => child.kill('SIGKILL'),
    () => undefined,
  );
  await exit;
  stop.abort();
}

/** Those that a server would read: temporary files are hidden. */
async function filesIn(repository: string): Promise<string[]> {
  const all = names.flatMap((name) => [join(name, '1', 'model.onnx'), join(name, 'config.pbtxt')]);
  const found = existsSync(repository) ? await readdir(repository, { recursive: true }) : [];
  return all.filter((file) => found.includes(file));
}

const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
