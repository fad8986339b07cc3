import type { ConfigInput, InstanceGroup, ModelConfig } from '../../protocol/model-config.js';
import { isEnsemble } from '../backends/ensemble/validate-ensemble.js';
import { RefusalError } from '../refusal.js';
import { isDecoupled } from './is-decoupled.js';

/**
 * Refuses what a configuration may ask for and this server does not do: a model that would be served differently from
 * what its configuration says is worse than one that is not served.
 *
 * @throws RefusalError (`unsupported`) that names the field
 */
export function refuseUnsupported(config: ModelConfig): void {
  const field =
    modelFields.find(([, isUsed]) => isUsed(config))?.[0] ??
    firstUsed('input', inputFields, config.input) ??
    firstUsed('instance_group', groupFields, config.instance_group);
  if (field !== undefined)
    throw new RefusalError('unsupported', `'${field}' is not supported yet for model '${config.name}'`);
}

type Rules<Message> = readonly (readonly [field: string, isUsed: (message: Message) => boolean])[];

function firstUsed<Message>(parent: string, rules: Rules<Message>, messages: readonly Message[]): string | undefined {
  const rule = rules.find(([, isUsed]) => messages.some(isUsed));
  return rule === undefined ? undefined : `${parent}.${rule[0]}`;
}

const modelFields: Rules<ModelConfig> = [
  ['batch_output', (config) => isEnsemble(config) && config.batch_output.length > 0],
  ['model_operations', (config) => (config.model_operations?.op_library_filename.length ?? 0) > 0],
  ['model_transaction_policy.decoupled', (config) => isDecoupled(config) && config.backend !== 'javascript'],
  ['model_repository_agents', (config) => config.model_repository_agents !== undefined],
  [
    'ensemble_scheduling.step.model_namespace',
    (config) => config.ensemble_scheduling?.step.some(({ model_namespace }) => model_namespace !== '') === true,
  ],
  ['response_cache', (config) => config.response_cache?.enable === true && isEnsemble(config)],
  ['runtime', (config) => config.runtime !== ''],
];

const inputFields: Rules<ConfigInput> = [
  ['is_shape_tensor', (input) => input.is_shape_tensor],
  ['is_non_linear_format_io', (input) => input.is_non_linear_format_io],
];

const groupFields: Rules<InstanceGroup> = [
  ['profile', (group) => group.profile.length > 0],
  ['secondary_devices', (group) => group.secondary_devices.length > 0],
];
