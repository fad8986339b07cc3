import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { findSampleModel } from '../../sample-models/catalogue.js';
import { inspectCommand } from '../../src/cli/inspect-command.js';
import { createProgress } from '../../src/cli/progress/create-progress.js';
import type { Inspection } from '../../src/core/inspection.js';
import { PerfError } from '../../src/core/perf-error.js';
import { intAttribute, intsAttribute } from '../../src/onnx/attribute.js';
import { encodeInParts, encodeModel } from '../../src/onnx/encode-model.js';
import { createGraphBuilder, type GraphBuilder } from '../../src/onnx/graph-builder.js';
import type { ModelProto } from '../../src/onnx/model-proto.js';
import { float32Tensor, int64Tensor, tensorDataType } from '../../src/onnx/tensor.js';

const FLOAT = tensorDataType.FLOAT;

interface Inspected {
  readonly inspection: Inspection;
  readonly printed: string;
  readonly said: readonly string[];
}

/** A folder of its own, removed with the test. */
function workplace(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-inspect-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  const inspect = async (
    file: string,
    flags: { shape?: string[]; batchable?: string; config?: string } = {},
  ): Promise<Inspected> => {
    const printed: string[] = [];
    const said: string[] = [];
    const none = { m: undefined, modelRepository: undefined, shape: [], config: undefined, batchable: undefined };
    await inspectCommand(
      { ...none, file: path(file), json: path('inspection.json'), ...flags },
      {
        print: (text) => printed.push(text),
        interrupt: { signal: new AbortController().signal, onAbandon: () => () => undefined },
        progress: { ...(await createProgress(process.stderr, 'none')), say: (line) => said.push(line) },
      },
    );
    const inspection = JSON.parse(readFileSync(path('inspection.json'), 'utf8')) as Inspection;
    return { inspection, printed: printed.join(''), said };
  };
  return { folder, path, inspect };
}

function build(fill: (graph: GraphBuilder) => void): Uint8Array {
  const graph = createGraphBuilder();
  fill(graph);
  return encodeModel(graph.finish({ name: 'test', opset: 17, irVersion: 8 }).model);
}

const floats = (name: string, dims: readonly number[]) =>
  float32Tensor(
    name,
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, index) => Math.sin(index + 1)),
  );

/** Tokens of width 8, apart and together again, and flattened: with every dimension fixed, as many exporters write it. */
const fixedBatch = build((graph) => {
  const x = graph.input({ name: 'x', dataType: FLOAT, dims: [1, 4, 8] });
  const weight = graph.constant(floats('weight', [8, 6]));
  const tokens = graph.node('Reshape', 'tokens', [x, graph.constant(int64Tensor('shape.tokens', [2], [4, 8]))]);
  const product = graph.node('MatMul', 'product', [tokens, weight]);
  const again = graph.node('Reshape', 'again', [product, graph.constant(int64Tensor('shape.again', [3], [1, -1, 6]))]);
  const flat = graph.node('Reshape', 'flat', [again, graph.constant(int64Tensor('shape.flat', [2], [1, -1]))]);
  graph.node('MatMul', 'y', [flat, graph.constant(floats('head', [24, 3]))]);
  graph.output({ name: 'y', dataType: FLOAT, dims: [1, 3] });
});

test('inspect counts resnet50 as published: 4.1 GMACs, 25.5 million parameters', async (t) => {
  const { path, inspect } = workplace(t);
  const { parts } = encodeInParts(await findSampleModel('resnet50').build());
  writeFileSync(path('resnet50.onnx'), Buffer.concat([...parts()]));
  const { inspection, printed } = await inspect('resnet50.onnx');
  const { run, operations, parameters, batching } = inspection;
  t.like(run, { kind: 'run', shapes: { input: [1, 3, 224, 224] }, uncounted: [] });
  t.is(run.kind === 'run' ? Math.round(run.macs / 1e7) : 0, 409);
  t.is(parameters, 25_530_472);
  t.like(operations[0], { operation: 'Conv', nodes: 53 });
  t.like(batching, { kind: 'proven', isDynamic: true, rows: 3 });
  t.regex(printed, /compute +4\.09 GMACs = 8\.18 GFLOPs a run/);
});

test('inspect of shapes that vary: asks for --shape, then counts with it and checks batching', async (t) => {
  const { path, inspect } = workplace(t);
  const { parts } = encodeInParts(await findSampleModel('text_encoder').build());
  writeFileSync(path('text_encoder.onnx'), Buffer.concat([...parts()]));
  const { inspection: open } = await inspect('text_encoder.onnx');
  t.deepEqual(open.run, { kind: 'needs-shapes', inputs: ['input_ids', 'attention_mask'] });
  t.like(open.batching, { kind: 'not-checked', isDynamic: true });

  const shape = ['input_ids:16', 'attention_mask:16'];
  const { inspection } = await inspect('text_encoder.onnx', { shape, config: path('config.pbtxt') });
  // Of each layer: four products of 256 x 256 and two of 256 x 1024 a token, and 2 x 16 x 256 for each token's attention.
  t.like(inspection.run, { macs: 2 * 16 * (4 * 256 * 256 + 2 * 256 * 1024 + 2 * 16 * 256) });
  t.like(inspection.batching, { kind: 'proven', isDynamic: true, remarks: [] });
  t.regex(readFileSync(path('config.pbtxt'), 'utf8'), /max_batch_size: 8\n.*dims: -1\n.*dynamic_batching/s);
  await t.throwsAsync(inspect('text_encoder.onnx', { shape: ['ids:3'] }), {
    message: /--shape ids: expected an input/,
  });
});

test('inspect --batchable makes a fixed batch dimension dynamic, the same bytes each time, and leaves the source', async (t) => {
  const { folder, path, inspect } = workplace(t);
  writeFileSync(path('fixed.onnx'), fixedBatch);
  const { inspection, said } = await inspect('fixed.onnx', { batchable: path('dynamic.onnx') });
  t.like(inspection.batching, { kind: 'proven', isDynamic: false, rows: 3, remarks: [] });
  t.regex(inspection.config ?? '', /^name: "fixed"\ninput \{\n {2}name: "x"\n {2}data_type: TYPE_FP32\n {2}dims: 1\n/);
  t.deepEqual(said[0]?.split('; ').slice(1), [
    "Reshape 'tokens': [4, 8] to [-1, 8]",
    "Reshape 'again': [1, -1, 6] to [-1, 4, 6]",
    "Reshape 'flat': [1, -1] to [0, -1]",
  ]);
  await inspect('fixed.onnx', { batchable: path('again.onnx') });
  t.deepEqual(readFileSync(path('again.onnx')), readFileSync(path('dynamic.onnx')));
  t.deepEqual(readFileSync(path('fixed.onnx')), Buffer.from(fixedBatch));
  t.deepEqual(readdirSync(folder).toSorted(), ['again.onnx', 'dynamic.onnx', 'fixed.onnx', 'inspection.json']);

  const { inspection: dynamic } = await inspect('dynamic.onnx');
  t.like(dynamic.batching, { kind: 'proven', isDynamic: true });
  t.deepEqual(dynamic.inputs[0]?.shape, ['batch', 4, 8]);
  t.regex(dynamic.config ?? '', /max_batch_size: 8\n/);
});

const blockedModels: readonly [string, Uint8Array, RegExp][] = [
  [
    'a softmax over the batch',
    build((graph) => {
      const x = graph.input({ name: 'x', dataType: FLOAT, dims: ['n', 4] });
      graph.output({
        name: graph.node('Softmax', 'y', [x], [intAttribute('axis', 0)]),
        dataType: FLOAT,
        dims: ['n', 4],
      });
    }),
    /output 'y' of 3 rows in one run is not that of 3 single runs .* rows are mixed/,
  ],
  [
    'random numbers',
    build((graph) => {
      const x = graph.input({ name: 'x', dataType: FLOAT, dims: ['n', 4] });
      graph.output({ name: graph.node('RandomNormalLike', 'y', [x]), dataType: FLOAT, dims: ['n', 4] });
    }),
    /^output 'y' is another one each time for the same input: no comparison can prove it$/,
  ],
  [
    'a mean over everything',
    build((graph) => {
      const x = graph.input({ name: 'x', dataType: FLOAT, dims: [1, 4] });
      graph.output({
        name: graph.node('ReduceMean', 'y', [x], [intAttribute('keepdims', 0)]),
        dataType: FLOAT,
        dims: [],
      });
    }),
    /^'y' is a scalar: it has no dimension for a batch$/,
  ],
  [
    'a state beside the batch',
    build((graph) => {
      const x = graph.input({ name: 'x', dataType: FLOAT, dims: [1, 4] });
      const state = graph.input({ name: 'state', dataType: FLOAT, dims: [2, 1, 4] });
      graph.output({ name: graph.node('Add', 'y', [x, state]), dataType: FLOAT, dims: [2, 1, 4] });
    }),
    /^'state' is \[2,1,4\] where 'x' is \[1,4\]: the first dimensions differ$/,
  ],
  [
    'a constant state of one row',
    build((graph) => {
      const x = graph.input({ name: 'x', dataType: FLOAT, dims: [1, 5, 4] });
      const steps = graph.node('Transpose', 'steps', [x], [intsAttribute('perm', [1, 0, 2])]);
      const weights = [graph.constant(floats('w', [1, 8, 4])), graph.constant(floats('r', [1, 8, 2]))];
      const zero = graph.constant(float32Tensor('h', [1, 1, 2], new Float32Array(2)));
      const hidden = [intAttribute('hidden_size', 2)];
      const all = graph.node('LSTM', 'all', [steps, ...weights, '', '', zero, zero], hidden);
      const rows = graph.node('Transpose', 'rows', [all], [intsAttribute('perm', [2, 0, 1, 3])]);
      graph.output({ name: rows, dataType: FLOAT, dims: [1, 5, 1, 2] });
    }),
    /^3 rows in one run fail: .*LSTM/,
  ],
];
for (const [what, bytes, reason] of blockedModels) {
  test(`inspect says what blocks batching: ${what}`, async (t) => {
    const { path, inspect } = workplace(t);
    writeFileSync(path('model.onnx'), bytes);
    const { batching, config } = (await inspect('model.onnx')).inspection;
    t.regex(batching.kind === 'blocked' ? (batching.reasons[0] ?? '') : batching.kind, reason);
    t.notRegex(config ?? '', /max_batch_size|dynamic_batching/);
    await t.throwsAsync(inspect('model.onnx', { batchable: path('out.onnx') }), {
      message:
        /^Cannot write --batchable .*out.onnx: expected a model with a fixed batch dimension that can vary, got /,
    });
    t.false(existsSync(path('out.onnx')));
  });
}

test('inspect counts a model whose constants are in another file without that file, and checks batching with it', async (t) => {
  const { path, inspect } = workplace(t);
  const model: ModelProto = {
    irVersion: 8,
    opsetImport: [{ version: 17 }],
    graph: {
      name: 'external',
      node: [{ opType: 'MatMul', input: ['x', 'weight'], output: ['y'] }],
      initializer: [
        {
          name: 'weight',
          dims: [1000, 2000],
          dataType: FLOAT,
          dataLocation: 1,
          externalData: [{ key: 'location', value: 'weights.bin' }],
        },
      ],
      input: [tensorValue('x', 1000)],
      output: [tensorValue('y', 2000)],
    },
  };
  writeFileSync(path('model.onnx'), encodeModel(model));
  const { inspection } = await inspect('model.onnx');
  t.like(inspection, { parameters: 2_000_000, parameterBytes: 8_000_000, externalFiles: ['weights.bin'] });
  t.like(inspection.run, { kind: 'run', macs: 2_000_000 });
  t.regex(inspection.batching.kind === 'not-checked' ? inspection.batching.reason : '', /weights\.bin/);
  writeFileSync(
    path('weights.bin'),
    Float32Array.from({ length: 2e6 }, (_, index) => Math.sin(index)),
  );
  const { batching } = (await inspect('model.onnx')).inspection;
  t.like(batching, { kind: 'proven', isDynamic: true, rows: 3 });
});

function tensorValue(name: string, width: number) {
  const dim = [{ dimParam: 'n' }, { dimValue: width }];
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}

const refused: readonly [string, (path: string) => void, RegExp][] = [
  ['a file that is not there', () => undefined, /^Cannot read .*: expected an ONNX file, got ENOENT/],
  [
    'a text',
    (path) => writeFileSync(path, 'hello, this is no model'),
    /^Cannot read .*model\.onnx: expected a whole ONNX file/,
  ],
  [
    'half a model',
    (path) => writeFileSync(path, fixedBatch.subarray(0, 300)),
    /^Cannot read .*: expected a whole ONNX file/,
  ],
  [
    'a file of 3 GB',
    (path) => {
      writeFileSync(path, '');
      truncateSync(path, 3e9);
    },
    /^Cannot read .*: expected at most 2147483647 bytes, got 3000000000$/,
  ],
  [
    'an unknown operator',
    (path) =>
      writeFileSync(
        path,
        build((graph) => {
          const x = graph.input({ name: 'x', dataType: FLOAT, dims: ['n', 4] });
          graph.output({ name: graph.node('Nonsense', 'y', [x]), dataType: FLOAT, dims: ['n', 4] });
        }),
      ),
    /^Cannot run .*: expected a model that ONNX Runtime runs, got: .*Nonsense/,
  ],
  [
    'an input of a terabyte',
    (path) =>
      writeFileSync(
        path,
        build((graph) => {
          const x = graph.input({ name: 'x', dataType: FLOAT, dims: [1_000_000, 250_000] });
          graph.output({ name: graph.node('Relu', 'y', [x]), dataType: FLOAT, dims: [1_000_000, 250_000] });
        }),
      ),
    /^Cannot run .*: expected .*, got: input 'x' of \[1000000,250000\] takes 1000000000000 bytes/,
  ],
];
for (const [what, write, message] of refused) {
  test(`inspect refuses ${what} in one line`, async (t) => {
    const { path, inspect } = workplace(t);
    write(path('model.onnx'));
    const error = await t.throwsAsync(inspect('model.onnx'), { instanceOf: PerfError, message });
    t.notRegex(error?.message ?? '', /\n/);
  });
}

test('inspect --batchable refuses to replace the source', async (t) => {
  const { path, inspect } = workplace(t);
  writeFileSync(path('fixed.onnx'), fixedBatch);
  const message = /^Cannot use model and --batchable together: expected two files/;
  await t.throwsAsync(inspect('fixed.onnx', { batchable: path('fixed.onnx') }), { message });
  t.deepEqual(readFileSync(path('fixed.onnx')), Buffer.from(fixedBatch));
});
