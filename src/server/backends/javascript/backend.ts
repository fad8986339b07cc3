import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { PerfError } from '../../../core/perf-error.js';
import type { ModelConfig } from '../../../protocol/model-config.js';
import { isDecoupled } from '../../config/is-decoupled.js';
import { usualCodeFile } from '../../config/refuse-code.js';
import type { Backend, InstanceOptions } from '../backend.js';
import { startJavascriptInstance } from './instance.js';
import { RunningProcesses } from './running-processes.js';
import type { WorkerProcessOptions } from './worker-process.js';

/** Largest heap of a model's process in MiB, a parameter of the configuration. */
const maxHeapKey = 'max_heap_mb';
/** How long `execute` may take in ms, a parameter of the configuration. */
const executionTimeoutKey = 'execution_timeout_ms';

/** Models that are JavaScript modules, each instance in a process of its own. @param log gets what models write */
export function javascriptBackend(log: (line: string) => void): Backend {
  const running = new RunningProcesses();
  return {
    name: 'javascript',
    platform: '',
    defaultModelFilename: usualCodeFile,
    cpuInstances: 1,
    checkRequest: () => undefined,
    threadsPerInstance: () => 1,
    async startInstance(options) {
      await checkModel(options);
      return startJavascriptInstance({
        ...options,
        isDecoupled: isDecoupled(options.config),
        isIterative: options.config.sequence_batching?.iterative_sequence === true,
        start: startOptions(options, { log, running }),
      });
    },
  };
}

/** Rejects with `PerfError` for what a model of this backend cannot have. */
async function checkModel({ modelName, directory, modelPath, config }: InstanceOptions): Promise<void> {
  if (!/\.[cm]?js$/.test(modelPath)) {
    throw new PerfError(
      'model',
      `'default_model_filename' must end in .mjs, .js or .cjs for ${modelName}, got '${config.default_model_filename}'`,
    );
  }
  for (const field of ['batch_input', 'batch_output'] as const) {
    if (config[field].length === 0) continue;
    throw new PerfError('model', `'${field}' is not supported for ${modelName}: a javascript model sees requests`);
  }
  const [file, folder] = await Promise.all([realpath(modelPath), realpath(directory)]);
  if (!file.startsWith(folder + sep)) {
    throw new PerfError('model', `${modelPath} must be a file of the model, got a link that leaves its folder`);
  }
}

const startOptions = (
  { name, modelName, version, directory, modelPath, config }: InstanceOptions,
  { log, running }: Pick<WorkerProcessOptions, 'log' | 'running'>,
): WorkerProcessOptions => ({
  modelPath,
  arguments: {
    modelName,
    modelVersion: version,
    instanceName: name,
    directory,
    config,
    parameters: Object.fromEntries(Object.entries(config.parameters).map(([key, value]) => [key, value.string_value])),
  },
  maxHeapMb: countOf(maxHeapKey, config),
  executionTimeoutMs: countOf(executionTimeoutKey, config),
  log: (line) => log(`${name}: ${line}`),
  running,
});

/** A parameter that is a whole number above 0. @throws PerfError when it is something else */
function countOf(key: string, { name, parameters }: ModelConfig): number | undefined {
  const text = parameters[key]?.string_value;
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new PerfError('model', `parameter '${key}' of ${name} must be a whole number above 0, got '${text}'`);
}
