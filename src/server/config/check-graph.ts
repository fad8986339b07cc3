import { PerfError } from '../../core/perf-error.js';
import { toConfigDatatype } from '../../protocol/datatype.js';
import type { ConfigInput, ConfigOutput, ModelConfig } from '../../protocol/model-config.js';
import type { GraphTensor, ModelGraph } from '../backends/backend.js';
import { type ServerTensor, sequenceTensors } from './server-tensors.js';

/**
 * Compares a completed configuration with the graph that it is to serve (model configuration, 4, "Checks at load").
 *
 * @throws PerfError with what the configuration expects and what the model provides
 */
export function checkGraph(config: ModelConfig, graph: ModelGraph): void {
  const generated = config.batch_input.flatMap(({ target_name, data_type }) =>
    target_name.map((name) => ({ name, data_type })),
  );
  const sequence = sequenceTensors(config);
  const count = config.input.length + generated.length + sequence.inputs.length;
  if (count !== graph.inputs.length) {
    fail(
      `unable to load model '${config.name}', configuration expects ${count} inputs, ` +
        `model provides ${graph.inputs.length}`,
    );
  }
  for (const input of config.input) checkTensor('input', { tensor: input, known: graph.inputs, config });
  for (const tensor of generated) findTensor('input', { tensor, known: graph.inputs, config });
  for (const tensor of sequence.inputs) checkTensor('input', { tensor, known: graph.inputs, config });
  for (const tensor of sequence.outputs) checkTensor('output', { tensor, known: graph.outputs, config });
  for (const output of config.output) {
    const isScattered = config.batch_output.some(({ target_name }) => target_name.includes(output.name));
    const check = isScattered ? findTensor : checkTensor;
    check('output', { tensor: output, known: graph.outputs, config });
  }
}

function fail(message: string): never {
  throw new PerfError('model', message);
}

interface Comparison {
  readonly tensor: Pick<ConfigInput, 'name' | 'data_type'>;
  readonly known: readonly GraphTensor[];
  readonly config: ModelConfig;
}

function checkTensor(
  kind: 'input' | 'output',
  comparison: Comparison & { readonly tensor: ConfigInput | ConfigOutput | ServerTensor },
): void {
  const { tensor, config } = comparison;
  const { shape } = findTensor(kind, comparison);
  if (!('allow_ragged_batch' in tensor) || !tensor.allow_ragged_batch) {
    checkShape(kind, { tensor, actual: shape, config });
  } else if (shape.length !== 1 || shape[0] !== -1) {
    fail(`model '${config.name}', tensor '${tensor.name}': a ragged input must have shape [-1], got [${shape}]`);
  }
}

/** The tensor of the graph with the same name and datatype. */
function findTensor(kind: 'input' | 'output', { tensor, known, config }: Comparison): GraphTensor {
  const actual = known.find(({ name }) => name === tensor.name);
  if (actual === undefined) {
    const allowed = known.map(({ name }) => name).join(', ');
    fail(`unexpected inference ${kind} '${tensor.name}', allowed ${kind}s are: ${allowed}`);
  }
  const datatype = toConfigDatatype(actual.datatype);
  if (tensor.data_type !== datatype) {
    fail(
      `unable to load model '${config.name}', configuration expects datatype ${tensor.data_type} for ${kind} ` +
        `'${tensor.name}', model provides ${datatype}`,
    );
  }
  return actual;
}

function checkShape(
  kind: 'input' | 'output',
  options: {
    readonly tensor: ConfigInput | ConfigOutput | ServerTensor;
    readonly actual: readonly number[];
    readonly config: ModelConfig;
  },
): void {
  const { tensor, actual, config } = options;
  const isBatching = config.max_batch_size > 0;
  const modelDims = ('reshape' in tensor ? tensor.reshape?.shape : undefined) ?? tensor.dims;
  const configured = isBatching ? [-1, ...modelDims] : modelDims;
  const isScalar = !isBatching && actual.length === 0 && modelDims.length === 1 && modelDims[0] === 1;
  if (isScalar) return;
  const label = `model '${config.name}', tensor '${tensor.name}': the model expects`;
  if (isBatching && actual[0] !== -1) {
    fail(`${label} shape [${actual}], whose first dimension is fixed, but max_batch_size is ${config.max_batch_size}`);
  }
  const initial = isBatching ? ' (an initial batch dimension because max_batch_size > 0)' : '';
  if (actual.length !== configured.length) {
    fail(
      `${label} ${actual.length} dimensions (shape [${actual}]) but the model configuration specifies ` +
        `${configured.length} dimensions${initial}: [${configured}]`,
    );
  }
  const fits = actual.every((dim, index) => dim === configured[index] || (kind === 'input' && dim === -1));
  if (!fits) {
    fail(`${label} shape [${actual}] but the model configuration specifies shape [${configured}]${initial}`);
  }
}
