import { PerfError } from '../../../core/perf-error.js';
import type { ModelConfig } from '../../../protocol/model-config.js';
import { affinitiesKey, type PoolPlace, threadAffinities } from './thread-affinities.js';

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
    readonly session: Readonly<Record<'intra_op' | 'inter_op', { readonly allow_spinning: '0' | '1' }>> & {
      readonly intra_op_thread_affinities?: string;
      readonly use_device_allocator_for_initializers?: '0' | '1';
    };
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
 * @param place of the instance; `threads` are those of `intraOpThreads`
 * @throws PerfError for a value out of range
 */
export function sessionOptions(config: ModelConfig, place: PoolPlace): SessionOptions {
  refuseAccelerators(config);
  const spinning = booleanParameter(config, 'session.intra_op.allow_spinning', false) ? '1' : '0';
  const interOpNumThreads = threadCount(config, 'inter_op_thread_count');
  const pinning = parameterOf(config, affinitiesKey);
  const affinities = pinning === undefined ? undefined : threadAffinities(pinning, place);
  const allocatesApart = parameterOf(config, initializersKey) !== undefined;
  return {
    intraOpNumThreads: place.threads,
    ...(interOpNumThreads === undefined ? {} : { interOpNumThreads }),
    executionMode: executionMode(config),
    graphOptimizationLevel: graphLevels[config.optimization?.graph?.level ?? 0] ?? 'all',
    enableCpuMemArena: booleanParameter(config, 'enable_mem_arena', true),
    enableMemPattern: booleanParameter(config, 'enable_mem_pattern', true),
    extra: {
      session: {
        intra_op: { allow_spinning: spinning },
        inter_op: { allow_spinning: spinning },
        ...(affinities !== undefined && { intra_op_thread_affinities: affinities }),
        ...(allocatesApart && {
          use_device_allocator_for_initializers: booleanParameter(config, initializersKey, false) ? '1' : '0',
        }),
      },
    },
    logSeverityLevel: 4,
  };
}

/** Those of GPU instances have no meaning here. */
function refuseAccelerators({ optimization }: ModelConfig): void {
  for (const { name } of optimization?.execution_accelerators?.cpu_execution_accelerator ?? []) {
    const reason =
      name === 'openvino'
        ? `Execution Accelerator '${name}' is not there`
        : `unknown Execution Accelerator '${name}' is requested`;
    throw new PerfError('model', reason);
  }
}

const initializersKey = 'session.use_device_allocator_for_initializers';

/** Of single runs, for which `onnxruntime-node` has no options; memory alone depends on them. */
const runParameters = ['memory.enable_memory_arena_shrinkage'];

/** What a configuration asks for and does not get. */
export const ignoredParameters = (config: ModelConfig): readonly string[] =>
  runParameters.filter((key) => Object.hasOwn(config.parameters, key));

/**
 * Threads that one operator computes with, the one that calls included.
 *
 * @param defaultThreads for a configuration without `intra_op_thread_count`
 * @throws PerfError unless it is a number
 */
export const intraOpThreads = (config: ModelConfig, defaultThreads: number): number =>
  threadCount(config, 'intra_op_thread_count') ?? defaultThreads;

const parameterOf = (config: ModelConfig, key: string): string | undefined =>
  Object.hasOwn(config.parameters, key) ? config.parameters[key]?.string_value : undefined;

/** More than any machine has cores: a load request must not fill the server with threads. */
const mostThreads = 512;

/** 0 and absent both mean the default. */
function threadCount(config: ModelConfig, key: string): number | undefined {
  const text = parameterOf(config, key);
  if (text === undefined) return undefined;
  if (!/^\d{1,4}$/.test(text.trim()) || Number(text) > mostThreads) {
    throw new PerfError(
      'model',
      `parameter '${key}': expected a number of threads up to ${mostThreads}, got '${text}'`,
    );
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
