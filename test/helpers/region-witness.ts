import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy for HTTP that sees which output regions requests name, and when the server has answered them. */
export interface RegionWitness extends AsyncDisposable {
  /** `host:port`. */
  readonly url: string;
  /** How many requests named a region. */
  requests(): number;
  /** Regions that a request was given while the server still owed an answer to another one. */
  readonly shared: readonly string[];
}

const outputRegion = /"shared_memory_region":"([^"]*-out-\d+)"/;

/** @param port of the server, on this machine */
export async function startRegionWitness(port: number): Promise<RegionWitness> {
  const owed = new Set<string>();
  const shared: string[] = [];
  const sockets = new Set<Socket>();
  let requests = 0;

  const witness = (client: Socket): void => {
    const upstream = connect(port, '127.0.0.1');
    let text = '';
    let region: string | undefined;
    const settle = (): void => {
      if (region !== undefined) owed.delete(region);
      region = undefined;
      text = '';
    };
    client.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const [, named] = text.match(outputRegion) ?? [];
      if (named !== undefined && region === undefined) {
        requests++;
        if (owed.has(named)) shared.push(named);
        owed.add(named);
        region = named;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      settle();
      client.write(bytes);
    });
    upstream.on('close', settle);
    // A client that leaves changes nothing: the server may still be at its request.
    client.on('close', () => {
      if (region === undefined) upstream.destroy();
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
  };

  const server = createServer(witness);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    shared,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
