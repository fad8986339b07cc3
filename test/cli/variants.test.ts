import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import yargs from 'yargs';
import { formatVariantsHtml } from '../../reports/html/variants-page.js';
import type { CommandContext } from '../../src/cli/command-context.js';
import { createProgress } from '../../src/cli/progress/create-progress.js';
import { singleInferences } from '../../src/cli/variants/single-inferences.js';
import { variantsCommand, variantsFlags } from '../../src/cli/variants-command.js';
import type { VariantsResult } from '../../src/core/variants-result.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { parseModelConfig } from '../../src/protocol/model-config-codec.js';
import { smallGraph } from '../precision/small-graph.js';
import { temporaryDirectory } from '../sample-models/temporary-directory.js';

/** Runs the command as its flags say; gives the exit code and what it printed. */
async function run(args: readonly string[]): Promise<{ exitCode: number; printed: string }> {
  let printed = '';
  const silent = () => undefined;
  const context: CommandContext = {
    progress: createProgress(process.stderr, 'none'),
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
  t.is(page, formatVariantsHtml(JSON.parse(await readFile(json, 'utf8')) as VariantsResult));
  t.regex(page, /<h2>Refused<\/h2>\n<ul><li>int8-dynamic: accuracy_rel_rmse is /);
  const refused = variants.filter(({ refusal }) => refusal !== undefined).length;
  const rows = (await readFile(csv, 'utf8')).trim().split('\n').length - 1;
  t.is(rows, 2 * (variants.length - refused) + refused);
});

test('variants refuses a named variant with exit code 4, and what it does not understand', async (t) => {
  const folder = await temporaryDirectory(t);
  const source = join(folder, 'old.onnx');
  await writeFile(source, encodeModel(smallGraph({ opset: 8 })));
  const { exitCode, printed } = await run([
    '-m',
    source,
    '--precisions',
    'int8-dynamic',
    '--batch-sizes',
    '1',
    '--max-time',
    '1ms',
  ]);
  t.is(exitCode, 4);
  t.regex(printed, /REFUSED, Cannot bring the operators of version 8 to 13: expected version 9 or newer$/m);
  await t.throwsAsync(run(['-m', source, '--constraint', 'perf_throughput:min=1']), {
    message: /expected accuracy_cosine, /,
  });
  await t.throwsAsync(run(['-m', source, '--precisions', 'int4']), {
    message: /^Cannot use --precisions: expected fp16-/,
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
