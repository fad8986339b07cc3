import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Level, Run } from '../src/core/run.js';

const command = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const run = promisify(execFile);

/** One level of a run of the whole tool with an embedded server: three windows that together last `measureMs`. */
export async function throughTheTool(flags: readonly string[], measureMs: number): Promise<Level> {
  const measured = await runOfTheTool([...flags, '-p', String(measureMs / 3), '-r', '3', '-s', '1000']);
  const [level] = measured.levels;
  if (level === undefined) throw new Error(`no level of ${flags.join(' ')}`);
  return level;
}

/** What a run of the whole tool with an embedded server wrote, whatever its exit code. */
export async function runOfTheTool(flags: readonly string[]): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-bench-'));
  const file = join(folder, 'run.json');
  try {
    await tool(...flags, '--service-kind', 'embedded', '--json', file).catch(() => undefined);
    return JSON.parse(readFileSync(file, 'utf8')) as Run;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rejects when it ends with another exit code than 0. */
export const tool = (...args: readonly string[]) => run(process.execPath, [command, ...args]);
