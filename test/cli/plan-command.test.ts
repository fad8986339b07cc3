import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import yargs from 'yargs';
import { parserConfiguration } from '../../src/cli/flags/parser-configuration.js';
import { planCommand, planFlags } from '../../src/cli/plan-command.js';
import type { PlanResult } from '../../src/core/plan-result.js';
import { levelFixture, runFixture } from '../helpers/run-fixture.js';
import { schemaErrors } from '../helpers/run-schema.js';

interface Planned {
  readonly code: number;
  readonly text: string;
  readonly plan: PlanResult;
  readonly csv: string;
}

/** Plans from a run with one level of 100 and one of 180 requests a second, of 10 and 20 ms. */
async function plan(...args: readonly string[]): Promise<Planned> {
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-plan-'));
  const path = (name: string): string => join(folder, name);
  try {
    const levels = [
      levelFixture({ concurrency: 1, latenciesMs: Array(100).fill(10) }),
      levelFixture({ concurrency: 4, latenciesMs: Array(180).fill(20) }),
    ];
    const config = { max_batch_size: 8, instance_group: [{ count: 1 }] };
    const model = { name: 'm', version: '1', platform: 'onnxruntime_onnx', maxBatchSize: 8, config };
    writeFileSync(path('run.json'), JSON.stringify(runFixture(levels, { model })));
    const files = ['-f', path('plan.csv'), '--json', path('plan.json')];
    const all = yargs(['plan', path('run.json'), ...args, ...files]).parserConfiguration(parserConfiguration);
    let text = '';
    let code: number | undefined;
    await all
      .command('plan <document>', '', planFlags, async (argv) => {
        code = await planCommand(argv, { print: (part: string) => (text += part) } as never);
      })
      .fail(false)
      .exitProcess(false)
      .parseAsync();
    const document = JSON.parse(readFileSync(path('plan.json'), 'utf8')) as PlanResult;
    return { code: code ?? -1, text, plan: document, csv: readFileSync(path('plan.csv'), 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('plan says how many replicas a rate needs, as text, CSV and JSON', async (t) => {
  const {
    code,
    text,
    plan: document,
    csv,
  } = await plan('--target-rate', '1000', '--failures', '1', '--headroom', '50%');
  t.is(code, 0);
  t.deepEqual(schemaErrors(document, 'plan'), []);
  t.not(schemaErrors({ ...document, alternatives: [{ candidate: {}, capacity: 1 }] }, 'plan').length, 0);
  const [best] = document.alternatives;
  t.is(best?.capacity, 180);
  t.is(best?.replicas, Math.ceil(1000 / 90) + 1);
  t.is(best?.utilisationAfterFailures, 1000 / (12 * 180));
  t.regex(
    text,
    /^Replicas: 13, of instance_count 1, max_batch_size 8; utilisation 42\.7 %, 46\.3 % after failures; perf_/m,
  );
  t.regex(csv, /^instance_count,max_batch_size,capacity,replicas,cost,utilisation,/);
  t.is(csv.trim().split('\n').length, 2);
});

test('plan ends with 4 when no number of replicas keeps a limit', async (t) => {
  const { code, text, plan: document } = await plan('--target-rate', '1000', '--constraint', 'perf_latency_p99:max=5');
  t.is(code, 4);
  t.deepEqual(schemaErrors(document, 'plan'), []);
  t.regex(text, /^No number of replicas suffices\.$/m);
  t.regex(text, /perf_latency_p99 up to .* ms at .* infer\/s a replica/);
});

test('plan refuses what cannot be planned', async (t) => {
  const refusal = async (...args: readonly string[]) => (await t.throwsAsync(plan(...args)))?.message;
  t.regex((await refusal()) ?? '', /expected --target-rate with inferences a second, got none/);
  t.regex((await refusal('--target-rate', '0')) ?? '', /Cannot use --target-rate: expected a number above 0, got '0'/);
  const other = ['--constraint', 'perf_throughput:min=5'];
  t.regex(
    (await refusal('--target-rate', '9', ...other)) ?? '',
    /expected the max of a latency, got one for perf_throughput/,
  );
  t.regex(
    (await refusal('--target-rate', '9', '--headroom', '100%')) ?? '',
    /expected a percentage from 0% to below 100%/,
  );
});
