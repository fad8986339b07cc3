import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import type { SearchResult } from '../../src/core/search-result.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { parseModelConfig } from '../../src/protocol/model-config-codec.js';
import { buildModel, createWorkplace, type Workplace } from '../helpers/cli.js';
import { refusalOf, runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { smallGraph } from '../precision/small-graph.js';

/** Windows of 25 and 30 ms: what is measured does not matter here, only that it is. */
const short = ['-p', '150', '-s', '1000', '--concurrency-range', '1:4'];
const space = ['--vary', 'instance_count=1,2', '--vary', 'max_batch_size=1,4'];

const readResult = (workplace: Workplace): SearchResult =>
  JSON.parse(readFileSync(workplace.path('search.json'), 'utf8')) as SearchResult;

test('search finds a configuration on the embedded server, decides, and writes it with --write-config', async (t) => {
  await using workplace = createWorkplace();
  await buildModel(workplace, 'simple');
  const config = workplace.path('models/simple/config.pbtxt');
  const before = `# ours\n${readFileSync(config, 'utf8')}`;
  writeFileSync(config, before);
  const args = ['search', '-m', 'simple', '--model-repository', 'models', ...short, ...space];
  const limit = ['--constraint', 'perf_latency_p99:max=60000', '--max-measurements', '6'];
  const files = [
    '--json',
    'search.json',
    '-f',
    'search.csv',
    '--journal',
    'journal.jsonl',
    '--write-config',
    '--html',
    'search.html',
  ];
  const folders = ['--results', 'results', '--output-model-repository', 'variants'];
  const { code, stdout, stderr } = await workplace.run(...args, ...limit, ...files, ...folders);
  t.is(code, 0, stderr);
  const result = readResult(workplace);
  t.deepEqual(schemaErrors(result, 'search'), []);
  t.is(result.candidates, 2 * 2 * 3);
  const [best] = result.finalists;
  t.is(best?.limits[0]?.certainty, 'pass');
  t.regex(stdout, /^Best: /m);
  t.regex(
    readFileSync(workplace.path('search.csv'), 'utf8'),
    /^Model,Batch,Concurrency,Model Config Path,Instance Group,Max Batch Size,/,
  );

  await reportsAgain(t, workplace, stdout);
  checkFolders(t, workplace, result);
  const written = readFileSync(config, 'utf8');
  t.true(written.startsWith('# ours\n'));
  const isBackedUp = existsSync(`${config}.bak`);
  t.is(isBackedUp, best?.isCurrent === false, 'what is best already stays as it is');
  t.is(/max_batch_size: (\d+)/.exec(written)?.[1], String(best?.candidate['max_batch_size'] ?? 8));
  t.is(readFileSync(isBackedUp ? `${config}.bak` : config, 'utf8'), before);
  t.deepEqual(workplace.leftovers(), []);
});

/** What the run wrote and printed, `report` makes again. */
async function reportsAgain(t: ExecutionContext, workplace: Workplace, stdout: string): Promise<void> {
  const again = ['--json', 'again.json', '-f', 'again.csv', '--html', 'again.html'];
  const reported = await runIn(workplace, 'report', 'search.json', ...again);
  t.is(reported.code, 0, reported.stderr);
  t.true(stdout.startsWith(reported.stdout), 'behind it: the change of config.pbtxt');
  for (const form of ['json', 'csv', 'html']) {
    t.is(readFileSync(workplace.path(`again.${form}`), 'utf8'), readFileSync(workplace.path(`search.${form}`), 'utf8'));
  }
}

/** What `--results` and `--output-model-repository` wrote. */
function checkFolders(t: ExecutionContext, workplace: Workplace, result: SearchResult): void {
  const read = (name: string): string => readFileSync(workplace.path(name), 'utf8');
  t.deepEqual(JSON.parse(read('results/search.json')), result);
  t.is(read('results/config.pbtxt.diff'), result.difference ?? '');
  t.regex(
    read('results/metrics-server-only.csv'),
    /^Model,RAM Usage \(MB\),Available RAM \(MB\)\ntriton-server,[\d.]+,[\d.]+\n$/,
  );
  const [titles = '', first = ''] = read('results/metrics-model-inference.csv').split('\n');
  t.is(
    titles,
    'Model,Batch,Concurrency,Model Config Path,Instance Group,Max Batch Size,Satisfies Constraints,Throughput (infer/sec),p99 Latency (ms)',
  );
  t.regex(first, /^simple,1,\d,simple_config_\w+,\d:CPU,\d,Yes,[\d.]+,[\d.]+$/);
  // Nothing may be answered in 75 ms on a machine that is busy.
  const measured = result.trials.flatMap((trial) => (trial.ok ? [trial.metrics] : []));
  t.true(measured.length > 0 && measured.every((metrics) => (metrics['cpu_used_ram'] ?? 0) > 10));
  t.true(result.pareto.length > 0);
  const names = new Set(result.variants.map(({ name }) => name));
  for (const name of names) {
    t.is(parseModelConfig(read(`variants/${name}/config.pbtxt`)).name, name);
    t.true(existsSync(workplace.path(`variants/${name}/1/model.onnx`)));
  }
}

test('search goes on from its journal, and measures nothing again under the same conditions', async (t) => {
  await using workplace = createWorkplace();
  await buildModel(workplace, 'simple');
  const args = [
    'search',
    '-m',
    'simple',
    '--model-repository',
    'models',
    ...short,
    ...space,
    '--max-measurements',
    '4',
  ];
  const files = ['--json', 'search.json', '--journal', 'journal.jsonl'];
  const first = await workplace.run(...args, ...files);
  t.is(first.code, 0, first.stderr);
  const [lines, result] = [readFileSync(workplace.path('journal.jsonl'), 'utf8'), readResult(workplace)];
  await workplace.run(...args, ...files);
  t.is(readFileSync(workplace.path('journal.jsonl'), 'utf8'), lines);
  t.deepEqual(readResult(workplace).finalists, result.finalists);

  await workplace.run(...args, '--constraint', 'perf_latency_p99:max=60000', ...files);
  const after = readFileSync(workplace.path('journal.jsonl'), 'utf8');
  t.true(after.startsWith(lines), 'other limits use what was measured');
});

test('search on a running server puts its configuration back, also after it was killed and started again', async (t) => {
  await using workplace = createWorkplace();
  await buildModel(workplace, 'simple');
  const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'];
  const explicit = ['--model-control-mode', 'explicit', '--load-model', 'simple'];
  const server = workplace.start('serve', '--model-repository', 'models', ...explicit, ...ports);
  const [, port = ''] = await server.seen(/http\S* .*?127\.0\.0\.1:(\d+)/i);
  const configNow = async (): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${port}/v2/models/simple/config`)).json();
  const original = await configNow();
  const args = ['search', '-m', 'simple', '-u', `127.0.0.1:${port}`, ...short, '--vary', 'instance_count=2,3'];

  const killed = workplace.start(...args, '--max-measurements', '6');
  await killed.seen(/instance_count 2, .*infer\/s|instance_count 3, .*infer\/s/);
  killed.child.kill('SIGKILL');
  await killed.result;
  t.notDeepEqual(await configNow(), original, 'the killed search left its configuration behind');

  const again = await workplace.run(...args, '--max-measurements', '2');
  t.is(again.code, 0, again.stderr);
  t.regex(again.stderr, /Put back the configuration of simple that a search had left behind\./);
  t.deepEqual(await configNow(), original);
  server.child.kill('SIGTERM');
  await server.result;
  t.deepEqual(workplace.leftovers(), []);
});

test("search launches another server with Triton's flags, and says why one does not start", async (t) => {
  await using workplace = createWorkplace();
  await buildModel(workplace, 'simple');
  const program = workplace.path('tritonserver');
  const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' serve "$@"\n`, { mode: 0o755 });
  const args = ['search', '-m', 'simple', '--model-repository', 'models', '--service-kind', 'local', ...short];
  const vary = ['--vary', 'instance_count=1,2', '--max-measurements', '2', '--json', 'search.json'];
  const { code, stderr } = await workplace.run(...args, ...vary, '--triton-server-path', program);
  t.is(code, 0, stderr);
  t.is(readResult(workplace).server.kind, 'local');
  t.deepEqual(schemaErrors(readResult(workplace), 'search'), []);
  t.deepEqual(workplace.leftovers(), []);

  const killed = workplace.start(...args, ...vary, '--triton-server-path', program);
  await killed.seen(/^1: /m);
  t.true(workplace.leftovers().some((line) => line.includes(' serve ')));
  killed.child.kill('SIGKILL');
  await killed.result;
  for (let waited = 0; waited < 300 && workplace.leftovers().length > 0; waited++) await sleep(100);
  t.deepEqual(workplace.leftovers(), [], 'the server ends with the search that launched it');

  const missing = await workplace.run(...args, '--triton-server-path', workplace.path('nothing'));
  t.is(missing.code, 5);
  t.regex(missing.stderr, /Cannot start --triton-server-path .*nothing: expected it to become ready, got .*ENOENT/);
});

test('search refuses before the first measurement what it cannot do', async (t) => {
  const refusal = async (...args: readonly string[]): Promise<string> => {
    const { code, message } = await refusalOf('search', ...args);
    t.is(code, 64, message);
    return message;
  };
  t.regex(
    await refusal('-m', 'simple', '--constraint', 'gpu_used_memory:max=100'),
    /Cannot search by gpu_used_memory: expected a metric that is measured here/,
  );
  t.regex(
    await refusal('-m', 'simple,mlp', '--results', '/dev/null'),
    /^Cannot use --results \/dev\/null: expected a folder, got /,
  );
  t.regex(
    await refusal('-m', 'simple', '--budget', '5'),
    /Cannot use --budget: expected a time such as 90s, 10m or 1h, got '5'/,
  );
  t.regex(
    await refusal('-m', 'simple', '--binary-search', '--concurrency-range', '1:8', '-l', '5'),
    /Cannot use --binary-search with search/,
  );
  t.regex(
    await refusal('-m', 'simple', '--markdown', 'x.md'),
    /Cannot use --markdown with search: expected -f, --json or --html, got --markdown/,
  );
  t.regex(
    await refusal('-m', 'simple', '--certify', 'p99:max=5'),
    /Cannot use --certify with search: expected -p for the length of windows, got --certify/,
  );
});

test('search measures a variant of the model, and writes it into the repository with the configuration that names it', async (t) => {
  await using workplace = createWorkplace();
  mkdirSync(workplace.path('models/small/1'), { recursive: true });
  writeFileSync(workplace.path('models/small/1/model.onnx'), encodeModel(smallGraph()));
  const args = [
    'search',
    '-m',
    'small',
    '--model-repository',
    'models',
    ...short,
    '--vary',
    'precision=int8-dynamic,fp16-weights',
  ];
  // The model as it is breaks the lower bound, so that the variant is what is left, however fast it is.
  const limits = ['--constraint', 'accuracy_rel_rmse:min=0.000001,max=0.002'];
  const files = ['--json', 'search.json', '--output-model-repository', 'variants', '--write-config'];
  const { code, stderr } = await workplace.run(...args, ...limits, ...files);
  t.is(code, 0, stderr);
  const result = readResult(workplace);
  t.deepEqual(schemaErrors(result, 'search'), []);
  t.regex(result.pruned[0]?.reason ?? '', /^int8-dynamic: accuracy_rel_rmse is 0\.\d+, expected at most 0\.002$/);
  const own = result.trials.find(({ candidate }) => candidate['precision'] === 'fp16-weights');
  t.true(own?.ok === true && (own.metrics['accuracy_rel_rmse'] ?? 0) > 0 && (own.metrics['perf_throughput'] ?? 0) > 0);
  t.is(result.finalists[0]?.candidate['precision'], 'fp16-weights');
  const written = readFileSync(workplace.path('models/small/config.pbtxt'), 'utf8');
  t.is(parseModelConfig(written).default_model_filename, 'model.fp16-weights.onnx');
  t.true(existsSync(workplace.path('models/small/1/model.fp16-weights.onnx')));
  const ofVariants = result.variants.filter(({ settings }) => settings['precision'] === 'fp16-weights');
  t.true(ofVariants.length > 0);
  for (const { name } of ofVariants) t.true(existsSync(workplace.path(`variants/${name}/1/model.fp16-weights.onnx`)));
  t.deepEqual(workplace.temporaryFiles(), []);
  t.deepEqual(workplace.leftovers(), []);
});

/** Takes 30 ms for a batch of any size, asleep, so that other work on the machine hardly shows. */
const sleeper = `
const never = new Int32Array(new SharedArrayBuffer(4));
export function execute(requests) {
  Atomics.wait(never, 0, 0, 30);
  return requests.map(({ inputs }) => ({ outputs: { OUTPUT: inputs.INPUT.data } }));
}
`;
const sleeperConfig = `backend: "javascript"
max_batch_size: 1
input { name: "INPUT" data_type: TYPE_FP32 dims: 4 }
output { name: "OUTPUT" data_type: TYPE_FP32 dims: 4 }
`;

test('perf-analyze measures the gain that search promised, in the repository that it wrote', async (t) => {
  await using workplace = createWorkplace();
  mkdirSync(workplace.path('models/sleeper/1'), { recursive: true });
  writeFileSync(workplace.path('models/sleeper/1/model.mjs'), sleeper);
  writeFileSync(workplace.path('models/sleeper/config.pbtxt'), sleeperConfig);
  const model = ['-m', 'sleeper', '--model-repository', 'models', '--concurrency-range', '8'];
  const windows = ['--measurement-mode', 'count_windows', '--measurement-request-count', '24', '-s', '1000'];
  const search = [
    'search',
    ...model,
    ...windows,
    '--vary',
    'max_batch_size=1,8',
    '--write-config',
    '--json',
    'search.json',
  ];
  const { code, stderr } = await workplace.run(...search);
  t.is(code, 0, stderr);
  const { gain, finalists } = readResult(workplace);
  t.is(finalists[0]?.candidate['max_batch_size'], 8);
  t.true((gain?.mean ?? 0) > 1, `eight at once in the time of one: ${gain?.low} to ${gain?.high}`);
  const before = finalists.find(({ isCurrent }) => isCurrent)?.metrics['perf_throughput'] ?? Number.NaN;

  const run = await workplace.run(...model, ...windows, '--json', 'run.json');
  t.true(run.code === 0 || run.code === 2, run.stderr);
  const [level] = readRun(workplace, 'run.json').levels;
  const measured = (level?.summary.throughput ?? 0) / before - 1;
  t.true(measured > 0.25 * (gain?.mean ?? Number.NaN), `${measured} of ${gain?.mean}`); // the machine may be busier now
});
