import { cacheDirectory } from '../../src/core/cache-directory.js';
import { type Datatype, toConfigDatatype } from '../../src/protocol/datatype.js';
import { createInferenceService } from '../../src/server/create-service.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import { testRepository } from '../server/model-folder.js';
import { addSubOnnx, identityOnnx } from '../server/tiny-onnx.js';

/** `onnxruntime-node` has no BF16 tensors. */
export const lackingDatatypes: readonly Datatype[] = ['BF16'];

function identityConfig(datatype: Datatype): string {
  const tensor = (name: string) => `{ name: "${name}" data_type: ${toConfigDatatype(datatype)} dims: [ -1 ] }`;
  return `backend: "onnxruntime" input ${tensor('INPUT0')} output ${tensor('OUTPUT0')}`;
}

/** The embedded server's core with real ONNX models: `simple`, and `identity_<datatype>` for each of those given. */
export async function openOnnxService(datatypes: readonly Datatype[]): Promise<InferenceService & AsyncDisposable> {
  const repository = await testRepository({
    'simple/1/model.onnx': addSubOnnx(),
    'simple/config.pbtxt': 'backend: "onnxruntime" max_batch_size: 8',
  });
  for (const datatype of datatypes) {
    const folder = `identity_${datatype.toLowerCase()}`;
    await repository.write(`${folder}/1/model.onnx`, identityOnnx(datatype, ['n']));
    await repository.write(`${folder}/config.pbtxt`, identityConfig(datatype));
  }
  const service = await createInferenceService({
    modelRepositories: [repository.path],
    modelControlMode: 'none',
    loadModels: [],
    exitOnError: true,
    disableAutoComplete: false,
    allowClientShm: false,
    cacheDirectory: cacheDirectory(),
    log: () => undefined,
  });
  const close = async () => {
    await service[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  };
  return Object.assign(Object.create(service) as InferenceService, { [Symbol.asyncDispose]: close });
}
