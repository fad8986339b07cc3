import { join } from 'node:path';
import { PerfError } from '../../core/perf-error.js';
import { deriveSeed, type Random, seededRandom } from '../../core/random.js';
import { type Datatype, datatypeFacts, fromConfigDatatype } from '../../protocol/datatype.js';
import { elementCodecs } from '../../protocol/element-codec.js';
import type { ModelConfig, Warmup, WarmupInput } from '../../protocol/model-config.js';
import { elementCount, rawByteSize, type Tensor } from '../../protocol/tensor.js';
import { readModelFile } from './read-model-file.js';
import { zeroData } from './sequence-plan.js';

/** What an instance runs before it serves (model configuration, ModelWarmup). */
export interface WarmupSample {
  readonly name: string;
  /** Equal requests of batch 1 that run as one batch. */
  readonly copies: number;
  readonly runs: number;
  /** What one request carries; with the batch dimension if the model has one. */
  readonly inputs: readonly Tensor[];
}

/**
 * Reads the samples of a configuration; those with batch_size 0 are left out.
 *
 * @param config completed and normalised
 * @param directory the model's folder
 * Rejects with `PerfError` that names the sample and the input which is wrong.
 */
export async function readWarmupSamples(config: ModelConfig, directory: string): Promise<readonly WarmupSample[]> {
  const samples: WarmupSample[] = [];
  for (const sample of config.model_warmup) {
    if (sample.batch_size === 0) continue;
    checkBatchSize(sample, config);
    const inputs: Tensor[] = [];
    for (const [name, input] of Object.entries(sample.inputs)) {
      inputs.push(await tensorOf(input, { name, sample, directory, isBatching: config.max_batch_size > 0 }));
    }
    checkBatchBytes(sample, inputs);
    samples.push({ name: sample.name, copies: sample.batch_size, runs: Math.max(1, sample.count), inputs });
  }
  return samples;
}

const failed = (sample: string, reason: string): PerfError =>
  new PerfError('model', `failed to run warmup sample '${sample}': ${reason}`);

function checkBatchSize({ name, batch_size }: Warmup, { max_batch_size }: ModelConfig): void {
  const most = Math.max(1, max_batch_size);
  if (batch_size > most) throw failed(name, `expected a batch_size of at most ${most}, got ${batch_size}`);
}

/** As much as a message may carry. */
const mostBatchBytes = 2 ** 31 - 1;
/** What a request costs beside its data. */
const requestBytes = 64;

function checkBatchBytes({ name, batch_size }: Warmup, inputs: readonly Tensor[]): void {
  const bytes = batch_size * inputs.reduce((sum, { data }) => sum + data.byteLength, requestBytes);
  if (bytes > mostBatchBytes) throw failed(name, `expected a batch of at most ${mostBatchBytes} bytes, got ${bytes}`);
}

function checkTensorBytes(sample: string, input: string, bytes: number): void {
  if (bytes <= mostBatchBytes) return;
  throw failed(sample, `input '${input}' must have at most ${mostBatchBytes} bytes, got ${bytes}`);
}

interface Place {
  readonly name: string;
  readonly sample: Warmup;
  readonly directory: string;
  readonly isBatching: boolean;
}

async function tensorOf(input: WarmupInput, { name, sample, directory, isBatching }: Place): Promise<Tensor> {
  const datatype = fromConfigDatatype(input.data_type);
  if (datatype === undefined) throw failed(sample.name, `input '${name}' must specify 'data_type'`);
  const wrong = input.dims.find((dim) => dim < 1);
  if (wrong !== undefined) throw failed(sample.name, `input '${name}' must have dims of at least 1, got ${wrong}`);
  const shape = isBatching ? [1, ...input.dims] : input.dims;
  checkTensorBytes(sample.name, name, rawByteSize(datatype, shape) ?? 4 * elementCount(shape));
  if (input.zero_data !== undefined) return { name, datatype, shape, data: zeroData(datatype, shape) };
  if (input.random_data !== undefined) {
    const random = seededRandom(deriveSeed(0, `${sample.name}/${name}`));
    return { name, datatype, shape, data: randomData(datatype, shape, random) };
  }
  if (input.input_data_file === undefined) {
    throw failed(sample.name, `warmup setting expects input '${name}' to have input_data_type set`);
  }
  const file = await readModelFile(join(directory, 'warmup'), input.input_data_file, 'input_data_file');
  const expected = rawByteSize(datatype, shape) ?? file.byteLength;
  if (file.byteLength >= expected) return { name, datatype, shape, data: file.subarray(0, expected) };
  throw failed(
    sample.name,
    `warmup setting expects ${expected} bytes, but the data provided from ${input.input_data_file} only has ` +
      `${file.byteLength} bytes`,
  );
}

/** Whole numbers below this fit every type. */
const randomIntegers = 100;

/** Floats from 0 to 1, integers from 0 to 99, booleans; strings are empty, as with Triton. */
function randomData(datatype: Datatype, shape: readonly number[], random: Random): Uint8Array {
  const data = zeroData(datatype, shape);
  if (datatype === 'BYTES') return data;
  const view = new DataView(data.buffer);
  const { sizeBytes = 1, range } = datatypeFacts[datatype];
  const next = () =>
    datatype === 'BOOL' ? random() < 0.5 : range === undefined ? random() : random() * randomIntegers;
  for (let index = 0; index < elementCount(shape); index++) {
    const value = next();
    elementCodecs[datatype].write(view, index * sizeBytes, range === undefined ? value : Math.floor(Number(value)));
  }
  return data;
}
