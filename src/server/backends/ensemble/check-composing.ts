import { PerfError } from '../../../core/perf-error.js';
import type { ConfigInput, ConfigOutput, EnsembleStep, ModelConfig } from '../../../protocol/model-config.js';
import { isDecoupled } from '../../config/is-decoupled.js';
import { type ComposingModels, composingNames, versionOf } from './composing-models.js';
import { dimsAgree } from './dims.js';

/**
 * Checks that the models of an ensemble serve and fit together: every step's maps name inputs and outputs that the model
 * has, and every ensemble tensor means the same wherever it appears. Variable dimensions are compared when they run.
 *
 * @param config validated by itself
 * @throws PerfError with the first rule that is broken, in Triton's words
 */
export function checkComposing(config: ModelConfig, models: ComposingModels): void {
  if (config.ensemble_scheduling === undefined) return;
  checkAvailability(config, models);
  const tensors = new Map<string, TensorMeaning>();
  const leftOut = new Set(config.input.flatMap(({ name, optional }) => (optional ? [name] : [])));
  const isBatching = config.max_batch_size > 0;
  for (const tensor of [...config.input, ...config.output]) {
    const dims = tensor.reshape?.shape ?? tensor.dims;
    if (!tensors.has(tensor.name))
      tensors.set(tensor.name, meaningOf(tensor, { dims, isBatching, model: config.name }));
  }
  for (const step of config.ensemble_scheduling.step) {
    const model = models.find(step.model_name, versionOf(step)).config;
    if (isDecoupled(model)) {
      fail(`ensemble ${config.name} contains model ${model.name}, which is decoupled: not supported`);
    }
    if (model.max_batch_size !== 0 && model.max_batch_size < config.max_batch_size) {
      fail(
        `ensemble ${config.name} allows maximum batch size ${config.max_batch_size}, but it contains model ` +
          `${model.name} which only allows maximum batch size to be ${model.max_batch_size}`,
      );
    }
    checkInputs({ step, model, tensors, leftOut, ensembleName: config.name });
    checkOutputs({ step, model, tensors, leftOut, ensembleName: config.name });
  }
}

function fail(message: string): never {
  throw new PerfError('model', message);
}

function checkAvailability(config: ModelConfig, models: ComposingModels): void {
  const { name } = config;
  const names = composingNames(config);
  const missing = names.filter((each) => models.availability(each).kind === 'missing');
  if (missing.length > 0) {
    fail(`ensemble ${name} contains models that are not available or ambiguous: ${missing.join(', ')}`);
  }
  for (const each of names) {
    const availability = models.availability(each);
    if (availability.kind !== 'failed') continue;
    fail(
      `ensemble '${name}' depends on '${each}' which has no loaded version. Model '${each}' loading failed with ` +
        `error: ${availability.reason}`,
    );
  }
  for (const step of config.ensemble_scheduling?.step ?? []) {
    if (!isServed(step, models)) {
      const { model_name, model_version } = step;
      fail(`ensemble '${name}' depends on '${model_name}' whose required version ${model_version} is not loaded.`);
    }
  }
}

function isServed(step: EnsembleStep, models: ComposingModels): boolean {
  try {
    models.find(step.model_name, versionOf(step));
    return true;
  } catch {
    return false;
  }
}

/** What a model, or the ensemble itself, takes a tensor to be. */
interface TensorMeaning {
  readonly model: string;
  readonly datatype: string;
  readonly dims: readonly number[];
  /** With the batch dimension. */
  readonly fullDims: readonly number[];
}

function meaningOf(
  { data_type }: ConfigInput | ConfigOutput,
  options: { readonly dims: readonly number[]; readonly isBatching: boolean; readonly model: string },
): TensorMeaning {
  const { dims, isBatching, model } = options;
  return { model, datatype: data_type, dims, fullDims: isBatching ? [-1, ...dims] : dims };
}

interface StepCheck {
  readonly step: EnsembleStep;
  readonly model: ModelConfig;
  readonly ensembleName: string;
  /** Inputs of the ensemble that a request may leave out. */
  readonly leftOut: ReadonlySet<string>;
  /** What each ensemble tensor was first taken to be; what this step adds is kept. */
  readonly tensors: Map<string, TensorMeaning>;
}

function checkInputs(check: StepCheck): void {
  const { step, model, ensembleName, leftOut } = check;
  checkMapped(check, step.input_map, { known: model.input, wrong: 'mapping to non-existing input' });
  for (const input of model.input) {
    if (input.optional) continue;
    const tensor = Object.hasOwn(step.input_map, input.name) ? step.input_map[input.name] : undefined;
    const label = `in ensemble ${ensembleName}, input ${input.name} in model ${model.name}`;
    if (tensor === undefined) fail(`${label} is not mapped to any ensemble tensors`);
    if (leftOut.has(tensor)) fail(`${label} is not optional, but mapped to the optional ensemble input ${tensor}`);
  }
}

const checkOutputs = (check: StepCheck): void =>
  checkMapped(check, check.step.output_map, { known: check.model.output, wrong: 'mapped from non-existing output' });

function checkMapped(
  check: StepCheck,
  map: Readonly<Record<string, string>>,
  { known, wrong }: { readonly known: readonly (ConfigInput | ConfigOutput)[]; readonly wrong: string },
): void {
  const { model, ensembleName } = check;
  for (const [name, tensor] of Object.entries(map)) {
    const own = known.find((each) => each.name === name);
    if (own === undefined) {
      fail(`in ensemble ${ensembleName}, ensemble tensor ${tensor} is ${wrong} ${name} in model ${model.name}`);
    }
    checkTensor(tensor, own, check);
  }
}

function checkTensor(
  name: string,
  tensor: ConfigInput | ConfigOutput,
  { model, ensembleName, tensors }: StepCheck,
): void {
  const { dims } = tensor;
  const here = meaningOf(tensor, { dims, isBatching: model.max_batch_size > 0, model: model.name });
  const known = tensors.get(name);
  if (known === undefined) {
    tensors.set(name, here);
    return;
  }
  const label = `in ensemble ${ensembleName}, ensemble tensor ${name}: inconsistent`;
  if (known.datatype !== here.datatype) {
    fail(
      `${label} data type: ${known.datatype} is inferred from model ${known.model} while ${here.datatype} is ` +
        `inferred from model ${here.model}`,
    );
  }
  // The full shapes agree where a model without batch dimension has one more dimension of its own.
  if (!dimsAgree(known.dims, here.dims) && !dimsAgree(known.fullDims, here.fullDims)) {
    fail(
      `${label} shape: [${known.fullDims}] is inferred from model ${known.model} while [${here.fullDims}] is inferred ` +
        `from model ${here.model}`,
    );
  }
}
