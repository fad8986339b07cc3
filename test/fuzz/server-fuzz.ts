import { connect, type Socket } from 'node:net';
import { deriveSeed, type Random, seededRandom } from '../../src/core/random.js';
import { oneInstance, simpleModel } from '../server/live-service.js';
import { testRepository } from '../server/model-folder.js';
import { identityOnnx } from '../server/tiny-onnx.js';
import { drawGreeting, drawGrpcCall } from './grpc-requests.js';
import { drawHttpRequest } from './http-requests.js';
import { chance, upTo } from './random-bytes.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

/** What became of a server that was sent nonsense. */
export interface ServerFuzzReport {
  readonly requests: number;
  readonly connections: number;
  /** Connections on which something came back. */
  readonly answered: number;
  /** Stacks that the server logged: bugs of ours. */
  readonly internalErrors: readonly string[];
  /** `undefined` while it lives. */
  readonly exit: string | undefined;
  /** Whether it answered a right request afterwards. */
  readonly isServing: boolean;
  /** Resident memory without garbage: before the first request, after a quarter of them, and at the end. */
  readonly settledBytes: readonly [before: number, early: number, late: number];
}

const connectionsAtOnce = 16;
const longestRequests = 6;
/** For an answer, before the client ends its side; and until it gives up. */
const patienceMs = 25;
const limitMs = 5000;

/** Sends random requests over HTTP and gRPC to a server process of its own. */
export async function fuzzServer(requests: number, seed: number): Promise<ServerFuzzReport> {
  await using repository = await testRepository({
    ...simpleModel(),
    'text/config.pbtxt': oneInstance(),
    'text/1/model.onnx': identityOnnx('BYTES', ['n', 2]),
  });
  const server = await startServerProcess(repository.path);
  const totals = { sent: 0, connections: 0, answered: 0 };
  const before = await server.settledBytes();
  let early: Promise<number> | undefined;
  const look = (): void => {
    if (totals.sent >= requests / 4) early ??= server.settledBytes();
  };
  const worker = async (index: number): Promise<void> => {
    const random = seededRandom(deriveSeed(seed, `connection ${index}`));
    while (totals.sent < requests && server.exit() === undefined) {
      const count = Math.min(1 + upTo(random, longestRequests - 1), requests - totals.sent);
      totals.sent += count;
      totals.connections++;
      const port = chance(random, 0.5) ? server.ports.http : server.ports.grpc;
      const isAnswered = await play(port, { server, random, count });
      if (isAnswered) totals.answered++;
      look();
    }
  };
  await Promise.all(Array.from({ length: connectionsAtOnce }, (_, index) => worker(index)));
  const isServing = server.exit() === undefined && (await isHealthy(server.ports.http));
  const late = await server.settledBytes();
  const exit = server.exit();
  await server.stop();
  return {
    requests: totals.sent,
    connections: totals.connections,
    answered: totals.answered,
    internalErrors: server.internalErrors(),
    exit,
    isServing,
    settledBytes: [before, (await early) ?? late, late],
  };
}

/** One connection; whether the server said anything on it. */
function play(
  port: number,
  { server, random, count }: { readonly server: ServerProcess; readonly random: Random; readonly count: number },
): Promise<boolean> {
  const isHttp = port === server.ports.http;
  const parts = Array.from({ length: count }, (_, index) =>
    isHttp ? drawHttpRequest(random) : drawGrpcCall(random, 1 + 2 * index),
  );
  const bytes = Buffer.concat(isHttp ? parts : [drawGreeting(random), ...parts]);
  const cut = chance(random, 0.3) ? upTo(random, bytes.length) : bytes.length;
  const isAbrupt = chance(random, 0.1);
  return new Promise((resolve) => {
    let received = 0;
    const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const limit = setTimeout(() => socket.destroy(), limitMs);
    const leave = (): void => {
      clearTimeout(patience);
      if (isAbrupt) socket.destroy();
      else socket.end(bytes.subarray(cut));
    };
    const patience = setTimeout(leave, patienceMs);
    socket.on('data', (answer: Buffer) => {
      // gRPC greets before it is asked.
      if (isHttp || received > 0) setImmediate(leave);
      received += answer.length;
    });
    socket.on('error', () => undefined); // the server may well cut it
    socket.once('end', () => socket.end());
    socket.once('close', () => {
      clearTimeout(limit);
      clearTimeout(patience);
      resolve(received > 0);
    });
    socket.write(bytes.subarray(0, cut));
  });
}

async function isHealthy(port: number): Promise<boolean> {
  const data = Array.from({ length: 16 }, (_, index) => index);
  const input = (name: string) => ({ name, datatype: 'INT32', shape: [1, 16], data });
  const body = JSON.stringify({ inputs: [input('INPUT0'), input('INPUT1')] });
  const reply = await fetch(`http://127.0.0.1:${port}/v2/models/simple/infer`, { method: 'POST', body });
  const answer = (await reply.json()) as { readonly outputs?: readonly { readonly data: readonly number[] }[] };
  return answer.outputs?.[0]?.data.every((value, index) => value === 2 * index) === true;
}
