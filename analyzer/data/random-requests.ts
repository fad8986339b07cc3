import { PerfError } from '../../src/core/perf-error.js';
import { deriveSeed, seededRandom } from '../../src/core/random.js';
import { type InferRequest, noParameters } from '../../src/protocol/infer.js';
import type { TensorMetadata } from '../../src/protocol/metadata.js';
import { randomTensor } from './random-tensor.js';

export interface RandomRequestOptions {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly inputs: readonly TensorMetadata[];
  /** 0 = the model does not batch. */
  readonly maxBatchSize: number;
  readonly batchSize: number;
  /** Shapes of variable inputs by name, without the batch dimension. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly seed: number;
}

/** Several different requests are sent in turn, so that a cache on the way is not mistaken for a fast model. */
const distinctRequests = 8;
const memoryLimitBytes = 64 * 1024 * 1024;

/**
 * Seeded random requests for a model.
 *
 * @throws PerfError `usage` when a variable input has no shape, or a shape does not fit the model
 */
export function randomRequests(options: RandomRequestOptions): InferRequest[] {
  const random = seededRandom(deriveSeed(options.seed, 'input-data'));
  checkNames(options);
  const requests: InferRequest[] = [];
  let bytes = 0;
  while (requests.length < distinctRequests && (requests.length === 0 || bytes < memoryLimitBytes)) {
    const inputs = options.inputs.map((input) => ({
      ...randomTensor({ name: input.name, datatype: input.datatype, shape: shapeOf(input, options) }, random),
      parameters: noParameters,
    }));
    bytes += inputs.reduce((sum, { data }) => sum + data.length, 0);
    const { modelName, modelVersion } = options;
    requests.push({ modelName, modelVersion, id: '', parameters: noParameters, inputs, outputs: [] });
  }
  return requests;
}

function shapeOf(input: TensorMetadata, options: RandomRequestOptions): number[] {
  const { batchSize, maxBatchSize, shapes } = options;
  const dims = maxBatchSize > 0 ? input.shape.slice(1) : input.shape;
  const given = Object.hasOwn(shapes, input.name) ? shapes[input.name] : undefined;
  const inner = given ?? dims;
  if (given !== undefined && !fits(given, dims)) {
    throw new PerfError(
      'usage',
      `Cannot use --shape ${input.name}:${given.join(',')}: expected dimensions that fit [${dims.join(',')}], got [${given.join(',')}]`,
    );
  }
  if (inner.some((dim) => dim < 0)) {
    throw new PerfError(
      'usage',
      `Cannot make data for input '${input.name}': expected --shape ${input.name}:<dims> for its variable shape [${dims.join(',')}], got none`,
      { hint: `For example: --shape ${input.name}:${dims.map((dim) => (dim < 0 ? 16 : dim)).join(',')}` },
    );
  }
  return maxBatchSize > 0 ? [batchSize, ...inner] : [...inner];
}

const fits = (given: readonly number[], dims: readonly number[]): boolean =>
  given.length === dims.length && dims.every((dim, index) => dim < 0 || dim === given[index]);

function checkNames({ shapes, inputs, modelName }: RandomRequestOptions): void {
  const unknown = Object.keys(shapes).find((name) => !inputs.some((input) => input.name === name));
  if (unknown === undefined) return;
  throw new PerfError(
    'usage',
    `Cannot use --shape ${unknown}: expected an input of model '${modelName}' (${inputs.map(({ name }) => name).join(', ')}), got '${unknown}'`,
  );
}
