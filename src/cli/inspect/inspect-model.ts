import type { Batching, InspectedRun, InspectedTensor, Inspection } from '../../core/inspection.js';
import { messageOf } from '../../core/perf-error.js';
import { seededRandom } from '../../core/random.js';
import { type BatchableModel, withBatchDimension } from '../../onnx/inspect/batchable.js';
import { externalFile, heldTensors, tensorBytes, trueInputs, withBodies } from '../../onnx/inspect/graph-values.js';
import type { DimsOf } from '../../onnx/inspect/node-macs.js';
import { operationsOf } from '../../onnx/inspect/operations.js';
import { shapeProbe } from '../../onnx/inspect/shape-probe.js';
import type { ModelProto } from '../../onnx/model-proto.js';
import { elementCount } from '../../onnx/tensor.js';
import { readModelFile } from '../../precision/read-model-file.js';
import { type BatchingPair, checkBatching } from './check-batching.js';
import {
  type GivenShapes,
  hasBatchDimension,
  type SampleShapes,
  sampleShapes,
  toInspectedTensor,
} from './declared-tensors.js';
import type { OpenOnnx } from './onnx-session.js';
import type { ReadModel } from './read-model.js';
import { sampleInputs } from './sample-inputs.js';
import { suggestConfig } from './suggest-config.js';

/** What an inspection needs beside the model. */
export interface InspectOptions {
  /** What the model is called in the suggested configuration. */
  readonly modelName: string;
  readonly shapes: GivenShapes;
  readonly openOnnx: OpenOnnx;
}

/** An inspection, and the model with a batch dimension where it has none and can have one. */
export interface InspectedModel {
  readonly inspection: Inspection;
  readonly batchable: BatchableModel | undefined;
}

/**
 * Says what is known of a model, and runs it to learn the rest: shapes in between, and whether it batches.
 *
 * Rejects with `PerfError` `usage` for shapes that do not fit.
 */
export async function inspectModel(read: ReadModel, options: InspectOptions): Promise<InspectedModel> {
  const { model, bytes, file } = read;
  const { graph } = model;
  const inputs = trueInputs(graph).map(toInspectedTensor);
  const outputs = graph.output.map(toInspectedTensor);
  const isDynamic = hasBatchDimension([...inputs, ...outputs]);
  const shapes = sampleShapes(inputs, options.shapes, isDynamic);
  const probed = await probe(model, shapes, options);
  const dimsOf = probed.kind === 'ran' ? dimsIn(model, probed.shapes) : undefined;
  const { operations, uncounted } = operationsOf(graph, dimsOf);
  const constants = withBodies(graph).flatMap(({ initializer, node }) => [
    ...initializer,
    ...node.flatMap(heldTensors),
  ]);
  const subject: Subject = { read, inputs, outputs, isDynamic, dimsOf, options };
  const { batching, batchable } = await batchingOf(subject, shapes);
  const canBatch = isDynamic && batching.kind !== 'blocked';
  return {
    batchable,
    inspection: {
      file,
      sizeBytes: bytes.length,
      producer: [model.producerName, model.producerVersion].filter(Boolean).join(' ') || undefined,
      irVersion: model.irVersion,
      opsets: Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domain || 'ai.onnx', version])),
      inputs,
      outputs,
      parameters: constants.reduce((sum, { dims }) => sum + elementCount(dims), 0),
      parameterBytes: constants.reduce((sum, tensor) => sum + tensorBytes(tensor), 0),
      externalFiles: [...new Set(constants.flatMap((tensor) => externalFile(tensor) ?? []))].toSorted(),
      operations,
      run: runOf(shapes, probed, { macs: operations.reduce((sum, { macs = 0 }) => sum + macs, 0), uncounted }),
      batching,
      config: suggestConfig(options.modelName, { inputs, outputs, canBatch }),
    },
  };
}

type Probed =
  | { readonly kind: 'ran'; readonly shapes: ReadonlyMap<string, readonly number[]> }
  | { readonly kind: 'not-run' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Loads the model in any case: a file that does not load is told even when shapes are open. */
async function probe(model: ModelProto, shapes: SampleShapes, { openOnnx }: InspectOptions): Promise<Probed> {
  const { model: probing, outputOf } = shapeProbe(model);
  try {
    await using session = await openOnnx(probing);
    if (shapes.kind !== 'known') return { kind: 'not-run' };
    const found = await session.run(sampleInputs(shapes.inputs, seededRandom(1)));
    const dims = [...outputOf].map(([name, output]) => {
      const values = found[output]?.data as BigInt64Array | undefined;
      return [name, Array.from(values ?? [], Number)] as const;
    });
    return {
      kind: 'ran',
      shapes: new Map([...shapes.inputs.map(({ name, dims: given }) => [name, given] as const), ...dims]),
    };
  } catch (error) {
    return { kind: 'failed', reason: messageOf(error) };
  }
}

/** The shapes of a run and those of constants. */
function dimsIn({ graph }: ModelProto, shapes: ReadonlyMap<string, readonly number[]>): DimsOf {
  const constants = new Map(graph.initializer.map(({ name = '', dims }) => [name, dims]));
  return (name = '') => shapes.get(name) ?? constants.get(name);
}

function runOf(
  shapes: SampleShapes,
  probed: Probed,
  counted: { readonly macs: number; readonly uncounted: readonly string[] },
): InspectedRun {
  if (probed.kind === 'failed') return probed;
  if (shapes.kind === 'impossible') return { kind: 'failed', reason: shapes.reason };
  if (shapes.kind === 'open') return { kind: 'needs-shapes', inputs: shapes.inputs };
  return { kind: 'run', shapes: Object.fromEntries(shapes.inputs.map(({ name, dims }) => [name, dims])), ...counted };
}

interface Subject {
  readonly read: ReadModel;
  readonly inputs: readonly InspectedTensor[];
  readonly outputs: readonly InspectedTensor[];
  readonly isDynamic: boolean;
  readonly dimsOf: DimsOf | undefined;
  readonly options: InspectOptions;
}

interface JudgedBatching {
  readonly batching: Batching;
  readonly batchable: BatchableModel | undefined;
}

async function batchingOf(subject: Subject, shapes: SampleShapes): Promise<JudgedBatching> {
  const { read, isDynamic, dimsOf } = subject;
  const without = (batching: Batching): JudgedBatching => ({ batching, batchable: undefined });
  const reasons = isDynamic ? [] : blockersOf(subject, shapes);
  if (reasons.length > 0) return without({ kind: 'blocked', reasons });
  if (shapes.kind !== 'known' || dimsOf === undefined) {
    return without({ kind: 'not-checked', isDynamic, reason: 'the model was not run' });
  }
  try {
    await using single = await subject.options.openOnnx(read.file);
    if (isDynamic) return without(await proof(subject, { single, batched: single, inputs: shapes.inputs }));
    const batchable = withBatchDimension(await readModelFile(read.file), dimsOf);
    const batching = await proofOfRewritten(batchable, subject, { single, inputs: shapes.inputs });
    return { batching, batchable: batching.kind === 'proven' ? batchable : undefined };
  } catch (error) {
    return without({ kind: 'not-checked', isDynamic, reason: messageOf(error) });
  }
}

/** What can be seen without a run: tensors that have no first dimension in common. */
function blockersOf({ inputs, outputs, dimsOf }: Subject, shapes: SampleShapes): string[] {
  const scalars = [...inputs, ...outputs].filter(({ shape }) => shape?.length === 0);
  const reasons = scalars.map(({ name }) => `'${name}' is a scalar: it has no dimension for a batch`);
  if (shapes.kind !== 'known' || dimsOf === undefined) return reasons;
  const firsts = [...inputs, ...outputs].flatMap(({ name }) => {
    const dims = dimsOf(name);
    return dims?.[0] === undefined ? [] : [{ name, first: dims[0], dims }];
  });
  const [leading, ...others] = firsts;
  for (const { name, first, dims } of others) {
    if (leading === undefined || first === leading.first) continue;
    reasons.push(`'${name}' is [${dims}] where '${leading.name}' is [${leading.dims}]: the first dimensions differ`);
  }
  return reasons;
}

async function proofOfRewritten(
  { model }: BatchableModel,
  subject: Subject,
  single: Omit<BatchingPair, 'batched'>,
): Promise<Batching> {
  try {
    await using batched = await subject.options.openOnnx(model);
    return await proof(subject, { ...single, batched });
  } catch (error) {
    return { kind: 'blocked', reasons: [messageOf(error)] };
  }
}

async function proof({ isDynamic }: Subject, pair: BatchingPair): Promise<Batching> {
  try {
    const checked = await checkBatching(pair);
    if (checked.kind === 'different') return { kind: 'blocked', reasons: checked.reasons };
    const { rows, largestDifference, remarks } = checked;
    return { kind: 'proven', isDynamic, rows, largestDifference, remarks };
  } catch (error) {
    return { kind: 'blocked', reasons: [messageOf(error)] };
  }
}
