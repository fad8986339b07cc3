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

inferenceContract('memory', connectInMemory, { open, lacks });
inferenceContract('http', connectOverHttp, { open, lacks });
inferenceContract('grpc', connectOverGrpc, { open, lacks });
inferenceContract('grpc stream', connectOverGrpcStream, { open, lacks });
