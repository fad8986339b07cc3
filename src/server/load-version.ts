import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../core/clock.js';
import { PerfError } from '../core/perf-error.js';
import type { ModelConfig } from '../protocol/model-config.js';
import type { Backend, InstanceOptions, ModelInstance } from './backends/backend.js';
import type { ComposingModels } from './backends/ensemble/composing-models.js';
import { serveEnsemble } from './backends/ensemble/serve-ensemble.js';
import { isEnsemble } from './backends/ensemble/validate-ensemble.js';
import { checkGraph } from './config/check-graph.js';
import { completeConfig } from './config/complete-config.js';
import { normalizeBatcher } from './config/normalize-config.js';
import { readLabels } from './config/read-labels.js';
import { planTensors } from './config/tensor-plan.js';
import { validateTensors } from './config/validate-config.js';
import { type ServedVersion, serveVersion } from './served-version.js';

/** How versions are loaded, the same for every model. */
export interface LoadPolicy {
  readonly backend: Backend;
  /** What ensembles are made of. */
  readonly models: ComposingModels;
  readonly clock: Clock;
  /** Processor cores that the instances share. */
  readonly cores: number;
  readonly autoComplete: boolean;
  /** For models that can batch and do not say how much. */
  readonly defaultMaxBatchSize: number;
  readonly log: (line: string) => void;
}

export interface VersionOptions {
  readonly version: string;
  /** The version's folder. */
  readonly directory: string;
  /** Normalised head; inputs, outputs and batching may still be open. */
  readonly config: ModelConfig;
  readonly onDead: (reason: string) => void;
}

/**
 * Brings one version up: the first instance reads the model file, which completes the configuration, and the others
 * follow. An ensemble has neither; its models are loaded already. Rejects with `PerfError`; then nothing is left running.
 */
export async function loadVersion(options: VersionOptions, policy: LoadPolicy): Promise<ServedVersion> {
  const { backend, models, clock } = policy;
  const head = options.config;
  if (isEnsemble(head)) {
    const labels = await readLabels(head, dirname(options.directory));
    return serveEnsemble({ version: options.version, config: head, labels, models, clock });
  }
  const modelPath = join(options.directory, head.default_model_filename);
  await access(modelPath).catch((cause) => {
    throw new PerfError('model', `model file is missing: expected ${modelPath}`, { cause });
  });
  const names = instanceNames(head);
  const defaultThreads = Math.max(1, Math.floor(policy.cores / Math.max(1, names.length)));
  warnWhenCrowded(head, { instances: names.length, defaultThreads, policy });
  const instances: ModelInstance[] = [];
  const start = async (name: string) => {
    const instance: InstanceOptions = { name, modelName: head.name, modelPath, config: head, defaultThreads };
    instances.push(await backend.startInstance(instance));
  };
  try {
    const [firstName = head.name, ...otherNames] = names;
    await start(firstName);
    const graph = instances[0]?.graph ?? { inputs: [], outputs: [] };
    const completed = policy.autoComplete ? completeConfig(head, graph, policy) : head;
    const config = normalizeBatcher(completed);
    validateTensors(config);
    checkGraph(config, graph);
    const plan = planTensors(config, graph);
    const labels = await readLabels(config, dirname(options.directory));
    const results = await Promise.allSettled(otherNames.map(start));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    const { version, onDead } = options;
    return serveVersion({ version, config, plan, labels, backend, instances, clock, onDead });
  } catch (thrown) {
    await Promise.all(instances.map((instance) => instance[Symbol.asyncDispose]()));
    throw thrown;
  }
}

const instanceNames = (config: ModelConfig): string[] =>
  config.instance_group.flatMap(({ name, count }) => Array.from({ length: count }, (_, index) => `${name}_${index}`));

function warnWhenCrowded(
  config: ModelConfig,
  options: { readonly instances: number; readonly defaultThreads: number; readonly policy: LoadPolicy },
): void {
  const { instances, defaultThreads, policy } = options;
  const threads = policy.backend.threadsPerInstance(config, defaultThreads);
  if (instances * threads <= policy.cores) return;
  policy.log(
    `warning: model '${config.name}': ${instances} instances x ${threads} threads exceed the ${policy.cores} cores`,
  );
}
