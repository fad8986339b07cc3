import { cacheDirectory } from '../../core/cache-directory.js';
import { manifest } from '../../core/package-manifest.js';
import { messageOf } from '../../core/perf-error.js';
import type { ModelProto } from '../../onnx/model-proto.js';
import type { OrtTensors } from '../../onnx/runtime/ort-package.js';
import { openSession } from '../../precision/runtime/open-session.js';
import { openTemporary } from '../../precision/runtime/open-temporary.js';
import { resolveOnnxruntime } from '../../server/backends/onnxruntime/resolve-onnxruntime.js';

/** A loaded model. */
export interface OnnxSession extends AsyncDisposable {
  readonly run: (inputs: OrtTensors) => Promise<OrtTensors>;
}

/** Loads a model, or the file of one, into a process of its own. Every failure is an Error of one line: what ONNX Runtime says. */
export type OpenOnnx = (model: ModelProto | string) => Promise<OnnxSession>;

/** Finds ONNX Runtime. Rejects with `PerfError` when it is not there and cannot be fetched. */
export async function loadOnnxruntime(log: (line: string) => void): Promise<OpenOnnx> {
  const packagePath = await resolveOnnxruntime({
    cacheDirectory: cacheDirectory(),
    version: manifest.optionalDependencies['onnxruntime-node'] ?? 'latest',
    log,
    from: import.meta.url,
  });
  return async (model) => {
    // Without its rewriting the graph is computed as it stands, and what it says of a node names one of the file.
    const start = { packagePath, threads: 0, level: 'disabled' } as const;
    const opening =
      typeof model === 'string' ? openSession({ ...start, modelPath: model }) : openTemporary(model, start);
    const session = await asSaid(opening);
    const run = async (inputs: OrtTensors): Promise<OrtTensors> => {
      await session.feed(inputs);
      return await session.run();
    };
    return { run: (inputs) => asSaid(run(inputs)), [Symbol.asyncDispose]: session[Symbol.asyncDispose] };
  };
}

/** The file is a temporary one: to name it would not help. */
async function asSaid<Value>(pending: Promise<Value>): Promise<Value> {
  try {
    return await pending;
  } catch (thrown) {
    const { cause } = thrown as Error;
    const said = messageOf(cause instanceof Error ? cause : thrown);
    throw new Error(said.replace(/^Load model from .*? failed:\s*/, ''), { cause: thrown });
  }
}
