import { createRequire } from 'node:module';
import { cacheDirectory } from '../../core/cache-directory.js';
import { manifest } from '../../core/package-manifest.js';
import { messageOf } from '../../core/perf-error.js';
import type { OrtData } from '../../server/backends/onnxruntime/element-types.js';
import { resolveOnnxruntime } from '../../server/backends/onnxruntime/resolve-onnxruntime.js';

/** A tensor as `onnxruntime-node` takes and gives it. */
export interface OrtTensor {
  readonly type: string;
  readonly data: OrtData;
  readonly dims: readonly number[];
}

type OrtTensors = Readonly<Record<string, OrtTensor>>;

/** A loaded model. It computes on the thread that calls it. */
export interface OnnxSession extends AsyncDisposable {
  readonly run: (inputs: OrtTensors) => Promise<OrtTensors>;
}

/** The part of `onnxruntime-node` in use; the package is optional, so its types cannot be imported. */
interface OrtPackage {
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{
      run(feeds: OrtTensors): Promise<OrtTensors>;
      release(): Promise<void>;
    }>;
  };
  readonly Tensor: new (type: string, data: OrtData, dims: readonly number[]) => OrtTensor;
  readonly env: { logLevel: string };
}

/** Loads models into this process. Every failure is an Error of one line. */
export type OpenOnnx = (model: Uint8Array) => Promise<OnnxSession>;

/** Loads ONNX Runtime itself. Rejects with `PerfError` when it is not there and cannot be fetched. */
export async function loadOnnxruntime(log: (line: string) => void): Promise<OpenOnnx> {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  const packagePath = await resolveOnnxruntime({
    cacheDirectory: cacheDirectory(),
    version: manifest.optionalDependencies['onnxruntime-node'] ?? 'latest',
    log,
    from: import.meta.url,
  });
  const ort: OrtPackage = createRequire(import.meta.url)(packagePath);
  ort.env.logLevel = 'fatal';
  return async (model) => {
    // Without its rewriting the graph is computed as it stands, and what it says of a node names one of the file.
    const session = await oneLine(ort.InferenceSession.create(model, { graphOptimizationLevel: 'disabled' }));
    return {
      run: (inputs) =>
        oneLine(
          session.run(
            Object.fromEntries(
              Object.entries(inputs).map(([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)]),
            ),
          ),
        ),
      [Symbol.asyncDispose]: () => session.release(),
    };
  };
}

async function oneLine<Value>(pending: Promise<Value>): Promise<Value> {
  try {
    return await pending;
  } catch (thrown) {
    throw new Error(messageOf(thrown).replaceAll(/\s+/g, ' ').trim(), { cause: thrown });
  }
}
