import type { InferenceService } from '../../src/server/inference-service.js';
import { refusalOf } from '../../src/server/refusal-of.js';
import { type ContractClient, RefusedError } from './contract-client.js';

/** The service itself, without a transport: what the transports are compared with. */
export async function connectInMemory(service: InferenceService, log: (line: string) => void): Promise<ContractClient> {
  const asked = async <Value>(ask: () => Value | Promise<Value>): Promise<Value> => {
    try {
      return await ask();
    } catch (thrown) {
      const { reason, message } = refusalOf(thrown, log);
      throw new RefusedError([reason], message);
    }
  };
  return {
    forms: ['memory'],
    isLive: () => asked(() => service.isLive()),
    isReady: () => asked(() => service.isReady()),
    isModelReady: (model) => asked(() => service.isModelReady(model)),
    serverMetadata: () => asked(() => service.serverMetadata()),
    modelMetadata: (model) => asked(() => service.modelMetadata(model)),
    modelConfig: (model) => asked(() => service.modelConfig(model)),
    statistics: (model) => asked(() => service.statistics(model)),
    repositoryIndex: (options) => asked(() => service.repositoryIndex(options)),
    loadModel: (name, parameters) => asked(() => service.loadModel(name, parameters)),
    unloadModel: (name, options) => asked(() => service.unloadModel(name, options)),
    infer: (request) => asked(() => service.infer(request)),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
