import type { ConnectionOptions } from '../../../src/client/connection.js';
import type { TlsOptions } from '../../../src/client/tls.js';
import type { Clock } from '../../../src/core/clock.js';
import { ns } from '../../../src/core/units.js';
import type { InferRequest } from '../../../src/protocol/infer.js';
import { abandoned } from '../failures.js';
import { mapDistinct } from '../map-distinct.js';
import { type Address, type Encryption, parseAddress } from '../tcp.js';
import { startTimeoutSweep } from '../timeout-sweep.js';
import type { OpenOptions, OpenTransport, Transport } from '../transport.js';
import { Http1Connection, type PreparedRequest } from './http1-connection.js';
import { marksOffset } from './json-marks.js';
import { prepareRequest, type RequestForm } from './prepare-request.js';

export interface Http1Target extends ConnectionOptions {
  /** `http://host[:port]` or `https://host[:port]`. */
  readonly origin: string;
  readonly requests: readonly InferRequest[];
  readonly clock: Clock;
  /** Absent: wait for as long as it takes. */
  readonly requestTimeoutMs?: number | undefined;
  readonly form?: RequestForm;
}

const defaultPorts = { 'http:': 80, 'https:': 443 } as const;
const plainTls: TlsOptions = { verifiesPeer: true, verifiesHost: true };
const encryptionOf = (tls: TlsOptions): Encryption => ({ tls, protocol: 'http/1.1' });

const readBufferBytes = 65_536;
/** The time of sending when nobody looks for late requests. */
const never = ns(0);

/**
 * HTTP/1.1 with binary tensors over `node:net`: prepared bytes in, and of the answer just enough is parsed to know its
 * status and its end. One connection for each request in flight; the one that became free last is used first.
 *
 * @throws RangeError when the origin is not one of HTTP
 */
export function http1Transport(target: Http1Target): OpenTransport {
  const { protocol, hostname, port, host } = new URL(target.origin);
  if (protocol !== 'http:' && protocol !== 'https:') throw new RangeError(`not an origin of HTTP: ${target.origin}`);
  const address = parseAddress(`${hostname}:${port === '' ? defaultPorts[protocol] : port}`);
  const encryption = protocol === 'https:' ? encryptionOf(target.tls ?? plainTls) : undefined;
  const prepared = mapDistinct(target.requests, (request): PreparedRequest => {
    const bytes = prepareRequest(request, host, { ...target.form, headers: target.headers });
    return { bytes, marksOffset: marksOffset(request, bytes) };
  });
  return (options) => openHttp1({ ...target, ...options, address, encryption, prepared });
}

interface Http1Options extends Http1Target, OpenOptions {
  readonly address: Address;
  readonly encryption: Encryption | undefined;
  readonly prepared: readonly PreparedRequest[];
}

function openHttp1(options: Http1Options): Transport {
  const { prepared, clock, requestTimeoutMs, onReply } = options;
  const connections: Http1Connection[] = [];
  const free: Http1Connection[] = [];
  const readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);
  let isClosed = false;

  const sweep =
    requestTimeoutMs === undefined
      ? undefined
      : startTimeoutSweep(requestTimeoutMs, (limit) => {
          const now = clock.now();
          for (const connection of connections) connection.expire(now, limit);
        });

  const addConnection = (): Http1Connection => {
    const onFree = (connection: Http1Connection): void => {
      free.push(connection);
    };
    const connection = new Http1Connection({ ...options, readBuffer, onFree });
    connections.push(connection);
    return connection;
  };

  const send = (request: number, token: number): void => {
    const image = prepared[request];
    if (image === undefined) throw new RangeError(`no prepared request ${request}`);
    if (isClosed) {
      setImmediate(() => onReply(token, abandoned, clock.now(), clock.now()));
      return;
    }
    const connection = free.pop() ?? addConnection();
    connection.send(image, token, sweep === undefined ? never : clock.now());
  };

  return {
    send,
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      sweep?.[Symbol.dispose]();
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}
