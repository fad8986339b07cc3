import {
  handleLive,
  handleLoad,
  handleModelConfig,
  handleModelMetadata,
  handleModelReady,
  handleNamedRepository,
  handleReady,
  handleRepositoryIndex,
  handleServerMetadata,
  handleStatistics,
  handleUnload,
} from './control-handlers.js';
import { handleGenerate, handleGenerateStream } from './generate-handlers.js';
import type { HttpHandler } from './http-call.js';
import { handleInfer } from './infer-handler.js';
import type { Route } from './router.js';
import { handleLogSettings, handleLogUpdate, handleTraceSettings, handleTraceUpdate } from './settings-handlers.js';
import {
  handleCudaRegister,
  handleCudaStatus,
  handleCudaUnregister,
  handleSystemRegister,
  handleSystemStatus,
  handleSystemUnregister,
} from './shared-memory-handlers.js';

type Row = readonly [method: string, pattern: string, handler: HttpHandler];

const rows: readonly Row[] = [
  ['GET', '/v2', handleServerMetadata],
  ['GET', '/v2/health/live', handleLive],
  ['GET', '/v2/health/ready', handleReady],
  ['GET', '/v2/models/stats', handleStatistics],
  ...perVersion('GET', '', handleModelMetadata),
  ...perVersion('GET', '/ready', handleModelReady),
  ...perVersion('GET', '/config', handleModelConfig),
  ...perVersion('GET', '/stats', handleStatistics),
  ...perVersion('POST', '/infer', handleInfer),
  ...perVersion('POST', '/generate', handleGenerate),
  ...perVersion('POST', '/generate_stream', handleGenerateStream),
  ['POST', '/v2/repository/index', handleRepositoryIndex],
  ['POST', '/v2/repository/{repository}/index', handleRepositoryIndex],
  ['POST', '/v2/repository/models/{model}/load', handleLoad],
  ['POST', '/v2/repository/models/{model}/unload', handleUnload],
  ['POST', '/v2/repository/{repository}/models/{model}/load', handleNamedRepository],
  ['POST', '/v2/repository/{repository}/models/{model}/unload', handleNamedRepository],
  ['GET', '/v2/trace/setting', handleTraceSettings],
  ['POST', '/v2/trace/setting', handleTraceUpdate],
  ['GET', '/v2/models/{model}/trace/setting', handleTraceSettings],
  ['POST', '/v2/models/{model}/trace/setting', handleTraceUpdate],
  ['GET', '/v2/logging', handleLogSettings],
  ['POST', '/v2/logging', handleLogUpdate],
  ...sharedMemory('/v2/systemsharedmemory', {
    status: handleSystemStatus,
    register: handleSystemRegister,
    unregister: handleSystemUnregister,
  }),
  ...sharedMemory('/v2/cudasharedmemory', {
    status: handleCudaStatus,
    register: handleCudaRegister,
    unregister: handleCudaUnregister,
  }),
];

/** Every endpoint of the v2 protocol and of Triton's extensions. */
export const routes: readonly Route<HttpHandler>[] = rows.map(([method, pattern, handler]) => ({
  method,
  pattern,
  handler,
}));

function perVersion(method: string, suffix: string, handler: HttpHandler): Row[] {
  return [
    [method, `/v2/models/{model}${suffix}`, handler],
    [method, `/v2/models/{model}/versions/{version}${suffix}`, handler],
  ];
}

function sharedMemory(
  prefix: string,
  { status, register, unregister }: Readonly<Record<'status' | 'register' | 'unregister', HttpHandler>>,
): Row[] {
  return [
    ['GET', `${prefix}/status`, status],
    ['GET', `${prefix}/region/{region}/status`, status],
    ['POST', `${prefix}/region/{region}/register`, register],
    ['POST', `${prefix}/register`, register],
    ['POST', `${prefix}/unregister`, unregister],
    ['POST', `${prefix}/region/{region}/unregister`, unregister],
  ];
}
