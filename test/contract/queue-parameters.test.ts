import test from 'ava';
import { type InferRequest, noParameters, type Parameters } from '../../src/protocol/infer.js';
import { simpleRequest } from '../server/live-service.js';
import { connectOverGrpc } from './grpc-client.js';
import { connectOverHttp } from './http-client.js';
import { createInMemoryService } from './in-memory-service.js';

const transports = [
  ['http', connectOverHttp],
  ['grpc', connectOverGrpc],
] as const;

const asking = (parameters: Parameters): InferRequest => ({ ...simpleRequest(1), parameters });

for (const [name, connect] of transports) {
  test(`${name} carries the parameters of the queue as they are`, async (t) => {
    const service = createInMemoryService();
    const arrived: Parameters[] = [];
    const { infer } = service;
    service.infer = (request, signal) => {
      arrived.push(request.parameters);
      return infer({ ...request, parameters: noParameters }, signal);
    };
    await using client = await connect(service, () => undefined);
    for (const form of client.forms) {
      const parameters: Parameters = new Map<string, number | string | boolean>([
        ['priority', 2],
        ['timeout', 5_000_000_000],
        ['flag', true],
        ['label', 'x'],
      ]);
      await client.infer(asking(parameters), form);
      const got = arrived.at(-1) ?? noParameters;
      t.deepEqual(
        [...parameters.keys()].map((key) => got.get(key)),
        [...parameters.values()],
        form,
      );
    }
  });
}
