import { connectOverGrpc, connectOverGrpcStream } from './grpc-client.js';
import { connectOverHttp } from './http-client.js';
import { inferenceServiceContract } from './inference-service.js';
import { connectInMemory } from './memory-client.js';

inferenceServiceContract('memory', connectInMemory);
inferenceServiceContract('http', connectOverHttp);
inferenceServiceContract('grpc', connectOverGrpc);
inferenceServiceContract('grpc stream', connectOverGrpcStream);
