import { connect as connectSocket, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { Client, credentials } from '@grpc/grpc-js';
import test from 'ava';
import { Pool } from 'undici';
import { decodeModelInferResponse, encodeModelInferRequest } from '../../src/protocol/grpc-infer.js';
import { decodeInferResponse, encodeInferRequest, headerLengthField } from '../../src/protocol/http-infer.js';
import type { InferRequest, InferResponse } from '../../src/protocol/infer.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { data, headers, headersOf, hello } from './grpc/raw-grpc-client.js';
import { liveService, oneInstance, requestOf } from './live-service.js';
import { identityOnnx } from './tiny-onnx.js';

type Infer = (request: InferRequest) => Promise<InferResponse>;

async function serve() {
  const live = await liveService({
    'identity/1/model.onnx': identityOnnx('FP32', ['n']),
    'identity/config.pbtxt': oneInstance(`input { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1 ] }
      output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1 ] }`),
  });
  const log = (line: string) => void (live.lines as string[]).push(line);
  const server = await startServer(live.service, { httpPort: 0, grpcPort: 0, allowMetrics: false, log });
  return { live, server };
}

function overHttp({ ports }: RunningServer, connections: number): AsyncDisposable & { readonly infer: Infer } {
  const pool = new Pool(`http://127.0.0.1:${ports.http}`, { connections });
  return {
    infer: async (request) => {
      const { body, headerLength } = encodeInferRequest(request);
      const headers = { [headerLengthField]: String(headerLength) };
      const reply = await pool.request({ method: 'POST', path: '/v2/models/identity/infer', body, headers });
      const bytes = Buffer.from(await reply.body.arrayBuffer());
      return decodeInferResponse({ body: bytes, headerLength: Number(reply.headers[headerLengthField]) });
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

/** A connection of its own for each client. */
function overGrpc({ ports }: RunningServer, connections: number): AsyncDisposable & { readonly infer: Infer } {
  const options = {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  };
  const clients = Array.from(
    { length: connections },
    () => new Client(`127.0.0.1:${ports.grpc}`, credentials.createInsecure(), options),
  );
  let next = 0;
  const asIs = (bytes: Buffer) => bytes;
  return {
    infer: (request) =>
      new Promise((resolve, reject) => {
        const client = clients[next++ % clients.length];
        const bytes = Buffer.from(encodeModelInferRequest(request));
        client?.makeUnaryRequest('/inference.GRPCInferenceService/ModelInfer', asIs, asIs, bytes, (error, reply) => {
          if (reply === undefined) reject(error);
          else resolve(decodeModelInferResponse(reply));
        });
      }),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.close();
    },
  };
}

const megabytes = 40;

for (const [protocol, connect] of [
  ['HTTP', overHttp],
  ['gRPC', overGrpc],
] as const) {
  test(`a tensor of ${megabytes} MB goes there and back over ${protocol}`, async (t) => {
    const { live, server } = await serve();
    {
      await using client = connect(server, 1);
      const values = Float32Array.from({ length: (megabytes * 2 ** 20) / 4 }, (_, index) => index % 65_537);
      const input = { datatype: 'FP32', shape: [values.length], data: values } as const;
      const { outputs } = await client.infer(requestOf('identity', { INPUT0: input }));
      t.true(Buffer.from(values.buffer).equals(outputs[0]?.data ?? Buffer.alloc(0)));
    }
    await server[Symbol.asyncDispose]();
    await live[Symbol.asyncDispose]();
  });

  test(`512 connections are served at once over ${protocol}`, async (t) => {
    const { live, server } = await serve();
    {
      await using client = connect(server, 512);
      const ask = async (value: number) => {
        const input = { datatype: 'FP32', shape: [2], data: Float32Array.of(value, -value) } as const;
        const { outputs, id } = await client.infer(requestOf('identity', { INPUT0: input }, { id: `${value}` }));
        return [id, ...new Float32Array(Uint8Array.from(outputs[0]?.data ?? []).buffer)];
      };
      const all = Array.from({ length: 512 }, (_, index) => index);
      for (const round of [0, 1]) {
        const answers = await Promise.all(all.map((index) => ask(round * 1000 + index)));
        t.deepEqual(
          answers,
          all.map((index) => [`${round * 1000 + index}`, round * 1000 + index, -(round * 1000 + index)]),
        );
      }
      const [statistics] = live.service.statistics({ name: 'identity', version: '' });
      t.is(statistics?.inference_stats.success.count, 1024);
    }
    await server[Symbol.asyncDispose]();
    t.deepEqual(live.lines, []);
    await live[Symbol.asyncDispose]();
  });
}

v8.setFlagsFromString('--expose-gc');
const collect: () => void = vm.runInNewContext('gc');

const heldAtFirst = process.memoryUsage().arrayBuffers;

/** Bytes of buffers since this file began; what nobody holds any more is let go of on other threads. */
async function bytesHeld({ until }: { readonly until: number }): Promise<number> {
  const held = () => process.memoryUsage().arrayBuffers - heldAtFirst;
  for (let patience = 100; patience > 0 && held() >= until; patience--) {
    collect();
    await sleep(20);
  }
  return held();
}

const announcedBytes = 67_000_000;
const announcements = 20;

/** Says that large bodies come, and sends a byte of each. */
function announceOverHttp({ ports }: RunningServer): Socket[] {
  const head = `POST /v2/models/identity/infer HTTP/1.1\r\nContent-Length: ${announcedBytes}\r\n\r\n{`;
  return Array.from({ length: announcements }, () => {
    const socket = connectSocket(ports.http ?? 0, '127.0.0.1').on('error', () => undefined);
    socket.write(head);
    return socket;
  });
}

function announceOverGrpc({ ports }: RunningServer): Socket[] {
  const block = headersOf('/inference.GRPCInferenceService/ModelInfer');
  const begin = Buffer.alloc(6);
  begin.writeUInt32BE(announcedBytes, 1);
  const streams = Array.from({ length: announcements }, (_, index) => [
    headers(2 * index + 1, block),
    data(2 * index + 1, begin, false),
  ]);
  const socket = connectSocket(ports.grpc ?? 0, '127.0.0.1').on('error', () => undefined);
  socket.write(Buffer.concat([hello, ...streams.flat()]));
  return [socket];
}

for (const [protocol, connect, announce] of [
  ['HTTP', overHttp, announceOverHttp],
  ['gRPC', overGrpc, announceOverGrpc],
] as const) {
  test.serial(
    `bodies that do not come have a bounded part of the memory over ${protocol}, and others are served`,
    async (t) => {
      const { live, server } = await serve();
      await bytesHeld({ until: 50_000_000 }); // those of the test before
      const sockets = announce(server);
      const values = Float32Array.from({ length: 250_000 }, (_, index) => index);
      const input = { datatype: 'FP32', shape: [values.length], data: values } as const;
      while (process.memoryUsage().arrayBuffers - heldAtFirst < 400_000_000) await sleep(5);
      {
        await using client = connect(server, 1);
        for (let count = 0; count < 3; count++) {
          const { outputs } = await client.infer(requestOf('identity', { INPUT0: input }));
          t.true(Buffer.from(values.buffer).equals(outputs[0]?.data ?? Buffer.alloc(0)));
        }
      }
      const held = await bytesHeld({ until: 700_000_000 });
      t.true(held < 700_000_000, `${announcements} bodies of ${announcedBytes} bytes have ${held} bytes`);
      for (const socket of sockets) socket.destroy();
      await server[Symbol.asyncDispose]();
      await live[Symbol.asyncDispose]();
    },
  );
}
