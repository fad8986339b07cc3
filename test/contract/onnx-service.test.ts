import { datatypeFacts, isDatatype } from '../../src/protocol/datatype.js';
import { connectOverGrpc, connectOverGrpcStream } from './grpc-client.js';
import { connectOverHttp } from './http-client.js';
import { inferenceContract } from './inference-service.js';
import { connectInMemory } from './memory-client.js';
import { lackingDatatypes as lacks, openOnnxService } from './onnx-models.js';

const datatypes = Object.keys(datatypeFacts)
  .filter(isDatatype)
  .filter((datatype) => !lacks.includes(datatype));
const open = () => openOnnxService(datatypes);

const transports = {
  memory: connectInMemory,
  http: connectOverHttp,
  grpc: connectOverGrpc,
  'grpc stream': connectOverGrpcStream,
};
inferenceContract(transports, { open, lacks });
