import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import yargs from 'yargs';
import type { CommandContext } from '../../src/cli/command-context.js';
import { createProgress } from '../../src/cli/progress/create-progress.js';
import { singleInferences } from '../../src/cli/variants/single-inferences.js';
import { variantsCommand, variantsFlags } from '../../src/cli/variants-command.js';
import type { VariantsResult } from '../../src/core/variants-result.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { writeModelFile } from '../../src/precision/write-model-file.js';
import { parseModelConfig } from '../../src/protocol/model-config-codec.js';
import { refusalOf, runHere } from '../helpers/command-here.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { smallGraph } from '../precision/small-graph.js';
import { temporaryDirectory } from '../sample-models/temporary-directory.js';

/** Runs the command as its flags say; gives the exit code and what it printed. */
async function run(args: readonly string[]): Promise<{ exitCode: number; printed: string }> {
  let printed = '';
  const silent = () => undefined;
  const context: CommandContext = {
    progress: await createProgress(process.stderr, 'none'),
    interrupt: { signal: new AbortController().signal, onAbandon: () => silent },
    print: (text) => {
      printed += text;
    },
  };
  const argv = await variantsFlags(yargs([...args])).parseAsync();
  return { exitCode: await variantsCommand(argv, context), printed };
}

test('variants makes, compares, times and writes what passes, and leaves the source alone', async (t) => {
  const folder = await temporaryDirectory(t);
  const source = join(folder, 'small.onnx');
  const bytes = encodeModel(smallGraph());
  await writeFile(source, bytes);
  const [json, csv, html, repository] = ['out.json', 'out.csv', 'out.html', 'models'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const files = ['--json', json, '-f', csv, '--html', html, '--write-to', repository];
  const limits = ['--constraint', 'accuracy_rel_rmse:max=0.001'];
  const { exitCode, printed } = await run([
    '-m',
    source,
    '--batch-sizes',
    '1,3',
    '--max-time',
    '1ms',
    ...limits,
    ...files,
  ]);
  t.is(exitCode, 0);
  t.deepEqual(await readFile(source), Buffer.from(bytes));
  const { variants, samples } = JSON.parse(await readFile(json, 'utf8')) as VariantsResult;
  t.is(samples, 32);
  const byPrecision = new Map(variants.map((variant) => [variant.precision, variant]));
  t.is(byPrecision.get('fp16-weights')?.refusal, undefined);
  t.deepEqual(
    byPrecision.get('fp16-weights')?.timings.map(({ batch, speedup }) => [batch, speedup !== undefined]),
    [
      [1, true],
      [3, true],
    ],
  );
  t.regex(byPrecision.get('int8-dynamic')?.refusal ?? '', /^accuracy_rel_rmse is 0\.\d+, expected at most 0.001$/);
  t.deepEqual(byPrecision.get('int8-dynamic')?.timings, []);
  t.regex(printed, /^int8-dynamic: REFUSED, accuracy_rel_rmse is /m);
  t.false((await readdir(repository)).includes('small_int8_dynamic'));
  t.deepEqual(await readdir(join(repository, 'small_fp16_weights', '1')), ['model.onnx']);
  t.regex(
    await readFile(join(repository, 'small_fp16_weights', 'config.pbtxt'), 'utf8'),
    /^name: "small_fp16_weights"$/m,
  );
  const page = await readFile(html, 'utf8');
  await reportsAgain(t, [json, csv, html], printed);
  t.regex(page, /<h2>Refused<\/h2>\n<ul><li>int8-dynamic: accuracy_rel_rmse is /);
  const refused = variants.filter(({ refusal }) => refusal !== undefined).length;
  const rows = (await readFile(csv, 'utf8')).trim().split('\n').length - 1;
  t.is(rows, 2 * (variants.length - refused) + refused);
});

/** The document follows its schema, and `report` makes all files and the text again. */
async function reportsAgain(t: ExecutionContext, files: readonly string[], printed: string): Promise<void> {
  const [json = '', csv = '', html = ''] = files;
  t.deepEqual(schemaErrors(JSON.parse(await readFile(json, 'utf8')), 'variants'), []);
  const again = files.map((file) => `${file}.again`);
  const flags = ['--json', '-f', '--html'].flatMap((flag, index) => [flag, again[index] ?? '']);
  t.deepEqual(await runHere('report', json, ...flags), { code: 0, stdout: printed, stderr: '' });
  for (const file of [json, csv, html]) t.is(await readFile(`${file}.again`, 'utf8'), await readFile(file, 'utf8'));
  const { message } = await refusalOf('report', json, '--markdown', `${json}.md`);
  t.is(message, 'Cannot use --markdown with variants: expected -f, --json or --html, got --markdown');
}

test('variants are written as versions of one model, the original first, with weights in other files', async (t) => {
  const folder = await temporaryDirectory(t);
  const [source, repository] = [join(folder, 'small.onnx'), join(folder, 'models')];
  await writeModelFile(source, smallGraph(), 4000);
  const small = [
    '--precisions',
    'fp16-weights',
    '--batch-sizes',
    '1',
    '--max-time',
    '1ms',
    '--json',
    join(folder, 'v.json'),
  ];
  const flags = ['-m', source, ...small, '--write-to', repository, '--write-as', 'versions'];
  t.is((await run(flags)).exitCode, 0);
  const { variants } = JSON.parse(await readFile(join(folder, 'v.json'), 'utf8')) as VariantsResult;
  t.is(variants[0]?.sizeBytes, (await stat(source)).size + (await stat(`${source}.data`)).size);
  t.deepEqual(await readdir(join(repository, 'small', '1')), ['model.onnx', 'small.onnx.data']);
  t.deepEqual(await readdir(join(repository, 'small', '2')), ['model.onnx']);
  t.deepEqual(await readFile(join(repository, 'small', '1', 'model.onnx')), await readFile(source));
  const { name, version_policy } = parseModelConfig(await readFile(join(repository, 'small', 'config.pbtxt'), 'utf8'));
  t.is(name, 'small');
  t.deepEqual(version_policy?.all, {});
  await t.throwsAsync(run(flags), {
    message: /^Cannot write --write-to .*: expected a repository without the model 'small'/,
  });
});

test('variants refuses a named variant with exit code 4, and what it does not understand', async (t) => {
  const folder = await temporaryDirectory(t);
  const source = join(folder, 'small.onnx');
  await writeFile(source, encodeModel(smallGraph()));
  const { exitCode, printed } = await run([
    '-m',
    source,
    '--precisions',
    'int8-dynamic',
    '--keep-fp32',
    'MatMul',
    '--keep-fp32',
    'Gemm',
    '--batch-sizes',
    '1',
    '--max-time',
    '1ms',
  ]);
  t.is(exitCode, 4);
  t.regex(printed, /REFUSED, nothing to convert \(MatMul: it was named to stay in FP32; .*\)$/m);
  await t.throwsAsync(run(['-m', source, '--constraint', 'perf_throughput:min=1']), {
    message: /expected accuracy_cosine, /,
  });
  await t.throwsAsync(run(['-m', source, '--precisions', 'int4']), {
    message: /^Cannot use --precisions: expected optimized, fp16-/,
  });
});

test('variants for GPUs of Triton are configurations around the original file', async (t) => {
  const folder = await temporaryDirectory(t);
  const [models, repository] = [join(folder, 'models'), join(folder, 'gpu')];
  await mkdir(join(models, 'small', '1'), { recursive: true });
  const bytes = encodeModel(smallGraph());
  await writeFile(join(models, 'small', '1', 'model.onnx'), bytes);
  const config = '# ours\nname: "small"\nbackend: "onnxruntime"\ninstance_group [ { kind: KIND_CPU count: 2 } ]\n';
  await writeFile(join(models, 'small', 'config.pbtxt'), config);
  const flags = ['-m', 'small', '--model-repository', models, '--target', 'triton-gpu'];
  const { exitCode, printed } = await run([...flags, '--write-to', repository]);
  t.is(exitCode, 0);
  t.regex(printed, /^small_tensorrt_fp16: written into .*, not measured$/m);
  const folderOfHalf = join(repository, 'small_tensorrt_fp16');
  t.deepEqual(await readFile(join(folderOfHalf, '1', 'model.onnx')), Buffer.from(bytes));
  const text = await readFile(join(folderOfHalf, 'config.pbtxt'), 'utf8');
  const { name, instance_group, optimization } = parseModelConfig(text);
  t.is(name, 'small_tensorrt_fp16');
  t.deepEqual(
    instance_group.map(({ kind, count }) => [kind, count]),
    [['KIND_GPU', 2]],
  );
  t.regex(text, /^# ours$/m);
  t.like(optimization, {
    execution_accelerators: {
      gpu_execution_accelerator: [{ name: 'tensorrt', parameters: { precision_mode: 'FP16' } }],
    },
  });
  await t.throwsAsync(run(flags), { message: /expected --write-to with a repository, got none$/ });
});

test('singleInferences takes the rows of a request apart', (t) => {
  const feeds = {
    pixels: { type: 'float32', dims: [2, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    names: { type: 'string', dims: [2, 1], data: ['a', 'b'] },
  };
  t.deepEqual(singleInferences(feeds), [
    {
      pixels: { type: 'float32', dims: [1, 1, 3], data: Float32Array.of(1, 2, 3) },
      names: { type: 'string', dims: [1, 1], data: ['a'] },
    },
    {
      pixels: { type: 'float32', dims: [1, 1, 3], data: Float32Array.of(4, 5, 6) },
      names: { type: 'string', dims: [1, 1], data: ['b'] },
    },
  ]);
});

/** Says that an output is right when one of its elements has the sign of the label. */
const verifyModule = `
let calls = 0;
export function verify({ output }, label, index) {
  if (output.datatype !== 'FP32' || String(output.shape) !== '1,24' || index !== calls++ % 8) throw new Error('not\\nas told');
  return output.data[index] > 0 === label;
}`;

test('variants --verify judges every variant by a module of the user, in the gate and in every report', async (t) => {
  const folder = await temporaryDirectory(t);
  const path = (name: string): string => join(folder, name);
  await writeFile(path('small.onnx'), encodeModel(smallGraph()));
  await writeFile(path('verify.mjs'), verifyModule);
  const flags = ['-m', path('small.onnx'), '--precisions', 'fp16-weights', '--batch-sizes', '1', '--max-time', '1ms'];
  const verify = ['--verify', path('verify.mjs'), '--labels', path('labels.json')];
  const reports = ['--json', path('v.json'), '-f', path('v.csv'), '--html', path('v.html')];
  await writeFile(path('labels.json'), JSON.stringify(Array.from({ length: 8 }, () => true)));
  await run([...flags, ...verify, ...reports, '--constraint', 'accuracy_verify:min=0']);
  const first = JSON.parse(await readFile(path('v.json'), 'utf8')) as VariantsResult;
  const share = first.variants[0]?.verified ?? Number.NaN;
  t.true(share > 0 && share < 1, `${share}`); // The data is random and the labels are not: some are right.
  t.deepEqual(
    first.variants.map(({ verified }) => verified),
    [share, share],
  );
  t.deepEqual(first.verify, { module: path('verify.mjs'), samples: 8 });
  t.regex(await readFile(path('v.csv'), 'utf8'), /,accuracy_verify,/);
  t.regex(await readFile(path('v.html'), 'utf8'), /verified/);
  const { exitCode, printed } = await run([...flags, ...verify, '--constraint', 'accuracy_verify:min=0.999']);
  t.is(exitCode, 4);
  t.regex(printed, /^fp16-weights: REFUSED, accuracy_verify is 0\.\d+, expected at least 0.999$/m);
  await writeFile(path('labels.json'), '[true]');
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['verify.mjs', verify, /^Cannot use --labels .*labels.json: expected a label for each of 8 inferences, got 1$/],
    [
      'throws.mjs',
      ['--verify', path('throws.mjs')],
      /^Cannot verify inference 0 with .*throws.mjs: .* got the error: a b$/,
    ],
    [
      'text.mjs',
      ['--verify', path('text.mjs')],
      /^Cannot verify inference 0 with .*: expected true, false or .*, got string$/,
    ],
    ['none.mjs', ['--verify', path('none.mjs')], /^Cannot use --verify .*none.mjs: expected .*, got exports other$/],
    ['broken.mjs', ['--verify', path('broken.mjs')], /^Cannot use --verify .*broken.mjs: .*, got the error: .*$/],
    ['none.mjs', ['--labels', path('labels.json')], /^Cannot use --labels: expected --verify with a module, got none$/],
    ['none.mjs', ['--constraint', 'accuracy_verify:min=1'], /^Cannot use accuracy_verify: expected --verify/],
  ];
  await writeFile(path('throws.mjs'), "export default () => { throw new Error('a\\nb'); }");
  await writeFile(path('text.mjs'), "export default () => 'yes';");
  await writeFile(path('none.mjs'), 'export const other = 1;');
  await writeFile(path('broken.mjs'), 'export const');
  for (const [name, given, message] of wrong) await t.throwsAsync(run([...flags, ...given]), { message }, name);
});
