import { createServer, type Server, type Socket } from 'node:net';
import { bind } from '../bind.js';
import { BodyRooms } from '../body-rooms.js';
import { decompressionBudget } from '../decompressing.js';
import type { Address, Endpoint } from '../endpoint.js';
import type { HeaderPattern } from '../forwarded-headers.js';
import type { InferenceService } from '../inference-service.js';
import { readInto } from '../read-into.js';
import type { Log } from '../refusal-of.js';
import type { Restrictions } from '../restricted-apis.js';
import { apiOfMethod } from './api-of-method.js';
import { type CompressionLevel, compressedMethod } from './compressed-method.js';
import { GrpcConnection } from './grpc-connection.js';
import type { GrpcMethod } from './grpc-method.js';
import { reflectionMethods } from './reflection.js';
import { restrictedMethod } from './restricted-method.js';
import { streamMethods } from './stream-methods.js';
import { unaryCall } from './unary-call.js';
import { unaryMethods } from './unary-methods.js';

export interface GrpcOptions extends Address {
  /** How long a client may take to begin, and for the header fields of a call, in milliseconds. */
  readonly startMs?: number;
  /** How long one message may take to come, in milliseconds; as long as a body over HTTP unless given. */
  readonly messageMs?: number;
  /** What decompressed messages may take of the memory together; as much as `decompressionBudget` says unless given. */
  readonly decompressedBytes?: number;
  readonly log: Log;
  readonly restrictions?: Restrictions;
  /** Of the answers to inferences; none unless given. */
  readonly compression?: CompressionLevel;
  /** Header fields that become parameters of inferences. */
  readonly forwardPattern?: HeaderPattern | undefined;
}

const defaultStartMs = 20_000;
const defaultMessageMs = 300_000;
const maxMessageBytes = 2 ** 31 - 1;
const keepAliveMs = 60_000;
/** Shared by all connections: a read is taken apart before the next one starts. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * Serves the v2 protocol, the gRPC health service and server reflection over gRPC without encryption until it is closed.
 *
 * The frames are our own: a call costs `@grpc/grpc-js` some 200 us of CPU, which the models of this machine need.
 *
 * @throws Error of `node:net` when it cannot listen
 */
export async function startGrpcServer(service: InferenceService, options: GrpcOptions): Promise<Endpoint> {
  const methods = methodsOf(service, options);
  const rooms = new BodyRooms();
  const budget = decompressionBudget(options.decompressedBytes);
  const connections: Connections = new Map();
  const onGone = (connection: GrpcConnection) => void connections.delete(connection);
  const accept = (accepted: Socket): void => {
    const socket = readInto(accepted, { room: () => readBuffer, take: (bytes) => connection.take(bytes) });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    const connection = new GrpcConnection(socket, { methods, rooms, budget, maxMessageBytes, onGone });
    connections.set(connection, performance.now());
  };
  const { startMs = defaultStartMs, messageMs = defaultMessageMs } = options;
  const sweep = setInterval(() => endPatience(connections, { startMs, messageMs }), startMs / 4).unref();
  const server = createServer({ allowHalfOpen: true }, accept);
  const port = await bind(server, options);
  const close = async (graceMs: number): Promise<void> => {
    clearInterval(sweep);
    await closeServer(server, connections, graceMs);
  };
  return { port, close };
}

/** By path. */
function methodsOf(
  service: InferenceService,
  { log, restrictions, compression = 'none', forwardPattern }: GrpcOptions,
): ReadonlyMap<string, GrpcMethod> {
  const unary = [...unaryMethods(service, forwardPattern)].map(
    ([path, method]) => [path, unaryCall(method, log)] as const,
  );
  const methods = new Map([...unary, ...streamMethods(service, { log, forwardPattern }), ...reflectionMethods(log)]);
  for (const [path, method] of methods) {
    const api = apiOfMethod(path);
    const answering = api === 'inference' && compression !== 'none' ? compressedMethod(method, compression) : method;
    const required = restrictions?.get(api);
    methods.set(path, required === undefined ? answering : restrictedMethod(answering, required));
  }
  return methods;
}

/** Since when each connection keeps us waiting; infinite once it does not. */
type Connections = Map<GrpcConnection, number>;

/** Ends connections and calls on which a client does not get to the point. */
function endPatience(connections: Connections, limits: { readonly startMs: number; readonly messageMs: number }): void {
  const { startMs, messageMs } = limits;
  const now = performance.now();
  for (const [connection, since] of connections) {
    connection.endStalled(now, messageMs);
    if (!connection.isStarting) connections.set(connection, Number.POSITIVE_INFINITY);
    else if (since === Number.POSITIVE_INFINITY) connections.set(connection, now);
    else if (now - since > startMs) connection.destroy();
  }
}

function closeServer(server: Server, connections: Connections, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      for (const connection of connections.keys()) connection.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    for (const connection of connections.keys()) connection.close();
  });
}
