import { PerfError } from '../../../core/perf-error.js';
import type { EnsembleScheduling, EnsembleStep, ModelConfig } from '../../../protocol/model-config.js';

/** The platform of a model that is made of other models. */
export const ensemblePlatform = 'ensemble';

export const isEnsemble = ({ platform, ensemble_scheduling }: ModelConfig): boolean =>
  platform === ensemblePlatform || ensemble_scheduling !== undefined;

/**
 * Checks what can be known of an ensemble without the models it is made of: which fields are set, and that every tensor
 * is written once, by steps that can run, and used.
 *
 * @throws PerfError with the first rule that is broken, in Triton's words
 */
export function validateEnsemble(config: ModelConfig): void {
  const { name, platform, ensemble_scheduling: scheduling } = config;
  if (platform !== ensemblePlatform) {
    fail(`ensemble scheduling cannot be set for model '${name}' whose platform is not ${ensemblePlatform}`);
  }
  if (scheduling === undefined) {
    fail(`ensemble scheduling must be set for ensemble ${name} whose platform is ${ensemblePlatform}`);
  }
  for (const [field, isSet] of foreignFields) {
    if (isSet(config)) fail(`${field} for ensemble '${name}'`);
  }
  if (scheduling.step.length === 0) fail(`must specify 'step' for ensemble '${name}'`);
  scheduling.step.forEach((step, index) => {
    validateStep(step, `step ${index} of ensemble '${name}'`);
  });
  validateFlow(config, scheduling);
}

function fail(message: string): never {
  throw new PerfError('model', message);
}

/** What an ensemble has no use for, since it runs nothing itself; the field and the words that refuse it. */
const foreignFields: readonly (readonly [field: string, isSet: (config: ModelConfig) => boolean])[] = [
  ['instance group should not be specified', (config) => config.instance_group.length > 0],
  ['optimization should not be specified', (config) => config.optimization !== undefined],
  ['model_warmup can not be specified', (config) => config.model_warmup.length > 0],
  ['dynamic_batching can not be specified', (config) => config.dynamic_batching !== undefined],
  ['sequence_batching can not be specified', (config) => config.sequence_batching !== undefined],
];

function validateStep(step: EnsembleStep, label: string): void {
  if (step.model_name === '') fail(`must specify 'model_name' in ${label}`);
  if (Object.keys(step.input_map).length === 0) fail(`must specify 'input_map' in ${label}`);
  if (Object.keys(step.output_map).length === 0) fail(`must specify 'output_map' in ${label}`);
}

/** Ensemble tensors by name, as the maps of the steps mention them. */
interface Flow {
  /** Tensor -> the step that writes it. */
  readonly writers: ReadonlyMap<string, EnsembleStep>;
  readonly read: ReadonlySet<string>;
}

function validateFlow(config: ModelConfig, { step: steps }: EnsembleScheduling): void {
  const { name } = config;
  const flow = flowOf(steps, name);
  const isKnown = (tensor: string) => flow.writers.has(tensor) || flow.read.has(tensor);
  for (const input of config.input) {
    if (!isKnown(input.name)) fail(`ensemble input '${input.name}' for ensemble ${name} is not used`);
  }
  const ready = readyTensors(config.input.map(nameOf), steps);
  const outputs = new Set(config.output.map(nameOf));
  for (const output of outputs) {
    if (!isKnown(output)) fail(`ensemble output '${output}' for ensemble ${name} is not used`);
    if (!ready.has(output)) fail(`output '${output}' for ensemble '${name}' is not written`);
  }
  const isUsed = (tensor: string) => outputs.has(tensor) || (ready.has(tensor) && flow.read.has(tensor));
  const unused = [...flow.writers.keys(), ...flow.read].find((tensor) => !isUsed(tensor));
  if (unused !== undefined) fail(`ensemble tensor '${unused}' is unused in ensemble '${name}'`);
}

const nameOf = ({ name }: { readonly name: string }): string => name;

function flowOf(steps: readonly EnsembleStep[], ensembleName: string): Flow {
  const writers = new Map<string, EnsembleStep>();
  const read = new Set<string>();
  steps.forEach((step, index) => {
    for (const tensor of Object.values(step.output_map)) {
      if (writers.has(tensor)) {
        fail(
          `ensemble tensor '${tensor}' can appear in an output map only once for ensemble '${ensembleName}' step ${index}`,
        );
      }
      writers.set(tensor, step);
    }
    for (const tensor of Object.values(step.input_map)) read.add(tensor);
  });
  return { writers, read };
}

/** The tensors that come to exist: a cycle of steps, or a step without all its inputs, writes none. */
function readyTensors(inputs: readonly string[], steps: readonly EnsembleStep[]): ReadonlySet<string> {
  const ready = new Set(inputs);
  let waiting = [...steps];
  for (let before = -1; before !== waiting.length; ) {
    before = waiting.length;
    waiting = waiting.filter((step) => {
      const canRun = Object.values(step.input_map).every((tensor) => ready.has(tensor));
      if (canRun) for (const tensor of Object.values(step.output_map)) ready.add(tensor);
      return !canRun;
    });
  }
  return ready;
}
