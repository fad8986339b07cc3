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
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-bench-'));
  const file = join(folder, 'run.json');
  const measurement = ['-p', String(measureMs / 3), '-r', '3', '-s', '1000', '--json', file];
  try {
    await run(process.execPath, [command, ...flags, '--service-kind', 'embedded', ...measurement]);
    const [level] = (JSON.parse(readFileSync(file, 'utf8')) as Run).levels;
    if (level === undefined) throw new Error(`no level in ${file}`);
    return level;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
