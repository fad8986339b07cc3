import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeColumns, compareHeadline } from '../reports/comparison.js';
import { formatTable } from '../reports/table.js';
import type { Run } from '../src/core/run.js';
import { usualComparison } from './compare.js';
import { runOfTheTool, tool } from './through-the-tool.js';

const model = 'mobilenet_v2';
const runsEach = 5;

/** Two series of real runs of the same, and one with another number of threads, in turn: what does `compare` say? */
export async function benchCompareLive(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-compare-'));
  try {
    const [usual, changed] = [join(folder, 'usual'), join(folder, 'changed')];
    await tool('models', '--build', usual, '-m', model);
    cpSync(usual, changed, { recursive: true });
    appendFileSync(
      join(changed, model, 'config.pbtxt'),
      'parameters { key: "intra_op_thread_count" value { string_value: "2" } }\n', // Usually cores / instances: 1.
    );
    const sides: Record<'base' | 'again' | 'threads', Run[]> = { base: [], again: [], threads: [] };
    for (let round = 0; round < runsEach; round++) {
      sides.base.push(await measured(usual));
      sides.again.push(await measured(usual));
      sides.threads.push(await measured(changed));
    }
    const { base, again, threads } = sides;
    show('A/A, one run each', base.slice(0, 1), again.slice(0, 1));
    show('A/B, one run each', base.slice(0, 1), threads.slice(0, 1));
    show(`A/A, ${runsEach} runs each`, base, again);
    show(`A/B, ${runsEach} runs each`, base, threads);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const measured = (repository: string): Promise<Run> =>
  runOfTheTool(['-m', model, '--model-repository', repository, '--min-time', '10s', '--max-time', '10s']);

function show(title: string, base: readonly Run[], next: readonly Run[]): void {
  const changes = usualComparison(base, next);
  console.log(`${title}:\n${formatTable(changeColumns, changes)}\n${compareHeadline({ changes })}\n`);
}
