import { PerfError } from '../../../core/perf-error.js';
import type { ModelConfig } from '../../../protocol/model-config.js';

/** The session options of `onnxruntime-node` that a configuration decides; plain data, so that it can reach a worker. */
export interface SessionOptions {
  readonly intraOpNumThreads: number;
  readonly interOpNumThreads?: number;
  readonly executionMode: 'sequential' | 'parallel';
  readonly graphOptimizationLevel: 'disabled' | 'basic' | 'extended' | 'all';
  readonly enableCpuMemArena: boolean;
  readonly enableMemPattern: boolean;
  /** Flat keys of ONNX Runtime, nested at the dots. */
  readonly extra: {
    readonly session: Readonly<Record<'intra_op' | 'inter_op', { readonly allow_spinning: '0' | '1' }>>;
  };
  /** 4 = fatal only: errors are thrown, and reported once by whoever catches them. */
  readonly logSeverityLevel: 4;
}

/** `optimization.graph.level` as ONNX Runtime's level; every other value means all. */
const graphLevels: Readonly<Record<number, SessionOptions['graphOptimizationLevel']>> = {
  1: 'extended',
  [-1]: 'basic',
  2: 'disabled',
};

/**
 * Reads the backend knobs of a configuration (model configuration, 6).
 *
 * Unlike Triton's, the threads of a session do not spin while they wait for work, unless the parameter
 * `session.intra_op.allow_spinning` says so: here the server and often the load generator compute on the same cores.
 * ResNet-50 with 2 threads on 2 busy cores: 18 infer/s without spinning, 10 with (three runs, spread 17 to 18 and 10 to 11).
 *
 * @param defaultThreads for a configuration without `intra_op_thread_count`
 * @throws PerfError for a value out of range, or a knob that this backend does not have
 */
export function sessionOptions(config: ModelConfig, defaultThreads: number): SessionOptions {
  for (const key of refusedParameters) {
    if (key in config.parameters) throw new PerfError('model', `parameter '${key}' is not supported yet`);
  }
  const spinning = booleanParameter(config, 'session.intra_op.allow_spinning', false) ? '1' : '0';
  const interOpNumThreads = threadCount(config, 'inter_op_thread_count');
  return {
    intraOpNumThreads: threadCount(config, 'intra_op_thread_count') ?? defaultThreads,
    ...(interOpNumThreads === undefined ? {} : { interOpNumThreads }),
    executionMode: executionMode(config),
    graphOptimizationLevel: graphLevels[config.optimization?.graph?.level ?? 0] ?? 'all',
    enableCpuMemArena: booleanParameter(config, 'enable_mem_arena', true),
    enableMemPattern: booleanParameter(config, 'enable_mem_pattern', true),
    extra: { session: { intra_op: { allow_spinning: spinning }, inter_op: { allow_spinning: spinning } } },
    logSeverityLevel: 4,
  };
}

const refusedParameters = ['memory.enable_memory_arena_shrinkage', 'session.use_device_allocator_for_initializers'];

const parameterOf = (config: ModelConfig, key: string): string | undefined =>
  Object.hasOwn(config.parameters, key) ? config.parameters[key]?.string_value : undefined;

/** 0 and absent both mean the default. */
function threadCount(config: ModelConfig, key: string): number | undefined {
  const text = parameterOf(config, key);
  if (text === undefined) return undefined;
  if (!/^\d{1,4}$/.test(text.trim())) {
    throw new PerfError('model', `parameter '${key}': expected a number of threads, got '${text}'`);
  }
  return Number(text) || undefined;
}

function executionMode(config: ModelConfig): SessionOptions['executionMode'] {
  const text = parameterOf(config, 'execution_mode') ?? '0';
  if (text === '0') return 'sequential';
  if (text === '1') return 'parallel';
  throw new PerfError('model', `parameter 'execution_mode': expected 0 (sequential) or 1 (parallel), got '${text}'`);
}

function booleanParameter(config: ModelConfig, key: string, otherwise: boolean): boolean {
  const text = parameterOf(config, key)?.toLowerCase();
  if (text === undefined) return otherwise;
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw new PerfError('model', `parameter '${key}': expected true or false, got '${text}'`);
}
