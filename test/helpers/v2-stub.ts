import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface V2Stub extends AsyncDisposable {
  /** `host:port`. */
  readonly url: string;
  /** How many inference requests came. */
  inferences(): number;
}

const model = (name: string) => ({
  name,
  versions: ['1'],
  platform: 'none',
  inputs: [{ name: 'IN', datatype: 'FP32', shape: [1] }],
  outputs: [{ name: 'OUT', datatype: 'FP32', shape: [1] }],
});

/** Of the models that it knows. */
export const v2Metadata: Readonly<Record<string, unknown>> = {
  '/v2': { name: 'stub', version: '1', extensions: [] },
  '/v2/models/m': model('m'),
  '/v2/models/m/config': { name: 'm', max_batch_size: 0 },
  '/v2/models/stateful': model('stateful'),
  '/v2/models/stateful/config': { name: 'stateful', max_batch_size: 0, sequence_batching: {} },
};

/** What a server that has `m` answers to an inference. */
export const v2Answer = JSON.stringify({
  model_name: 'm',
  model_version: '1',
  outputs: [{ name: 'OUT', datatype: 'FP32', shape: [1], data: [0] }],
});

/**
 * A v2 server over HTTP that knows the models `m` and `stateful`, unless it is given other metadata by path, and treats inference
 * requests as it is told to.
 */
export async function startV2Stub(
  onInfer: (response: ServerResponse, request: IncomingMessage) => void,
  metadata = v2Metadata,
): Promise<V2Stub> {
  let inferences = 0;
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    request.resume();
    if (url.endsWith('/infer')) {
      inferences++;
      onInfer(response, request);
    } else if (url.endsWith('/ready')) {
      response.end();
    } else {
      response.writeHead(url in metadata ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(metadata[url] ?? { error: 'unknown' }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    inferences: () => inferences,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
