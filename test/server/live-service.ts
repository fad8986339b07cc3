import { tmpdir } from 'node:os';
import type { Datatype } from '../../src/protocol/datatype.js';
import { type InferRequest, noParameters } from '../../src/protocol/infer.js';
import { createInferenceService, type ServiceOptions } from '../../src/server/create-service.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import { type TestRepository, testRepository } from './model-folder.js';
import { addSubOnnx } from './tiny-onnx.js';

/** The real core around a repository of its own, with real worker threads. */
export interface LiveService extends AsyncDisposable {
  readonly service: InferenceService;
  readonly repository: TestRepository;
  readonly lines: readonly string[];
}

export async function liveService(
  files: Readonly<Record<string, string | Uint8Array>>,
  changes: Partial<ServiceOptions> = {},
): Promise<LiveService> {
  const repository = await testRepository(files);
  const lines: string[] = [];
  try {
    const service = await createInferenceService({
      modelRepositories: [repository.path],
      modelControlMode: 'none',
      loadModels: [],
      exitOnError: true,
      disableAutoComplete: false,
      allowClientShm: false,
      cacheDirectory: tmpdir(),
      log: (line) => lines.push(line),
      ...changes,
    });
    return {
      service,
      repository,
      lines,
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]();
        await repository[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await repository[Symbol.asyncDispose]();
    throw error;
  }
}

/** `config.pbtxt` of a model with one single-threaded instance. */
export const oneInstance = (rest = ''): string =>
  `instance_group { kind: KIND_CPU count: 1 }
  parameters { key: "intra_op_thread_count" value { string_value: "1" } }
  ${rest}`;

/** The files of `simple`: sums and differences of 16 integers. */
export const simpleModel = (rest = 'max_batch_size: 8', version = 1) => ({
  'simple/config.pbtxt': oneInstance(rest),
  [`simple/${version}/model.onnx`]: addSubOnnx(),
});

/** A request with one tensor per input: raw bytes by input name. */
export function requestOf(
  modelName: string,
  inputs: Readonly<Record<string, { datatype: Datatype; shape: readonly number[]; data: ArrayBufferView }>>,
  changes: Partial<InferRequest> = {},
): InferRequest {
  return {
    modelName,
    modelVersion: '',
    id: '',
    parameters: noParameters,
    outputs: [],
    inputs: Object.entries(inputs).map(([name, { datatype, shape, data }]) => ({
      name,
      datatype,
      shape,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      parameters: noParameters,
    })),
    ...changes,
  };
}

/** INPUT0 counts up from `start`, INPUT1 is all `start`; row by row. */
export function simpleRequest(start: number, rows = 1, changes: Partial<InferRequest> = {}): InferRequest {
  const shape = [rows, 16];
  const tensor = (value: (index: number) => number) =>
    ({ datatype: 'INT32', shape, data: Int32Array.from({ length: rows * 16 }, (_, index) => value(index)) }) as const;
  return requestOf('simple', { INPUT0: tensor((index) => start + index), INPUT1: tensor(() => start) }, changes);
}
