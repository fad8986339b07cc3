import { isUtf8 } from 'node:buffer';
import { unpackBytes } from '../../../protocol/tensor.js';
import { RefusalError } from '../../refusal.js';
import type { Backend, ExecutableRequest } from '../backend.js';
import { allowedProcessors } from './allowed-processors.js';
import { startOrtInstance } from './instance.js';
import { ignoredParameters, intraOpThreads, sessionOptions } from './session-options.js';

/**
 * ONNX Runtime through `onnxruntime-node`: a worker thread and a session for each instance.
 *
 * @param resolvePackage gives the path of the package; asked when the first instance starts
 */
export function onnxruntimeBackend(resolvePackage: () => Promise<string>): Backend {
  let packagePath: Promise<string> | undefined;
  return {
    name: 'onnxruntime',
    platform: 'onnxruntime_onnx',
    defaultModelFilename: 'model.onnx',
    cpuInstances: 2,
    checkRequest,
    threadsPerInstance: intraOpThreads,
    ignoredParameters,
    async startInstance({ name, ordinal, modelName, modelPath, config, defaultThreads, crashes }) {
      const threads = intraOpThreads(config, defaultThreads);
      const options = sessionOptions(config, { threads, ordinal, processors: allowedProcessors() });
      forbidTelemetry();
      packagePath ??= resolvePackage();
      const optionalInputs = config.input.filter(({ optional }) => optional).map((input) => input.name);
      const start = { packagePath: await packagePath, modelPath, optionalInputs, options };
      return startOrtInstance({ name, modelName, start, crashes });
    },
  };
}

/**
 * ONNX Runtime for Linux reports usage to its maker from a thread of its own, and leaves files in the temporary folder.
 * The library reads the variable from the process's environment: only the main thread's `process.env` is that.
 */
function forbidTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}

/** `onnxruntime-node` takes strings as JavaScript text and hands them on as C strings. */
function checkRequest(request: ExecutableRequest): void {
  for (const input of request.inputs) {
    if (input.datatype !== 'BYTES') continue;
    for (const element of unpackBytes(input.data, input.name)) {
      if (element.includes(0) || !isUtf8(element)) {
        throw new RefusalError(
          'unsupported',
          `inference input '${input.name}' has a string element that is not UTF-8 text or holds a NUL byte, ` +
            'which the onnxruntime backend cannot carry',
        );
      }
    }
  }
}
