import type { OpenTransport } from '../wire/transport.js';

/**
 * One transport over those of several servers: its number `server * requestCount + request` is the `request` of that server.
 *
 * @param requestCount how many prepared requests each of them has
 */
export function spreadOverServers(opens: readonly OpenTransport[], requestCount: number): OpenTransport {
  const [only] = opens;
  if (opens.length === 1 && only !== undefined) return only;
  return (options) => {
    const transports = opens.map((open) => open(options));
    return {
      send: (request, token) => {
        const server = Math.floor(request / requestCount);
        const transport = transports[server];
        if (transport === undefined) throw new RangeError(`no prepared request ${request}`);
        transport.send(request - server * requestCount, token);
      },
      [Symbol.asyncDispose]: async () => {
        await Promise.all(transports.map((transport) => transport[Symbol.asyncDispose]()));
      },
    };
  };
}
