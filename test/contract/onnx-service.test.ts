import { cacheDirectory } from '../../src/core/cache-directory.js';
import { type Datatype, datatypeFacts, isDatatype, toConfigDatatype } from '../../src/protocol/datatype.js';
import { createInferenceService } from '../../src/server/create-service.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import { testRepository } from '../server/model-folder.js';
import { addSubOnnx, identityOnnx } from '../server/tiny-onnx.js';
import { connectOverGrpc } from './grpc-client.js';
import { connectOverHttp } from './http-client.js';
import { inferenceContract } from './inference-service.js';
import { connectInMemory } from './memory-client.js';

/** `onnxruntime-node` has no BF16 tensors. */
const lacks: readonly Datatype[] = ['BF16'];

function identityConfig(datatype: Datatype): string {
  const tensor = (name: string) => `{ name: "${name}" data_type: ${toConfigDatatype(datatype)} dims: [ -1 ] }`;
  return `backend: "onnxruntime" input ${tensor('INPUT0')} output ${tensor('OUTPUT0')}`;
}

/** The embedded server's core with real ONNX models. */
async function open(): Promise<InferenceService & AsyncDisposable> {
  const datatypes = Object.keys(datatypeFacts)
    .filter(isDatatype)
    .filter((datatype) => !lacks.includes(datatype));
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
    cacheDirectory: cacheDirectory(),
    log: () => undefined,
  });
  const close = async () => {
    await service[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  };
  return Object.assign(Object.create(service) as InferenceService, { [Symbol.asyncDispose]: close });
}

inferenceContract('memory', connectInMemory, { open, lacks });
inferenceContract('http', connectOverHttp, { open, lacks });
inferenceContract('grpc', connectOverGrpc, { open, lacks });
