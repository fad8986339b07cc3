import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials } from '@grpc/grpc-js';
import { Pool } from 'undici';
import { encodeModelInferRequest } from '../../src/protocol/grpc-infer.js';
import { encodeInferRequest, headerLengthField } from '../../src/protocol/http-infer.js';
import type { InferStatistics } from '../../src/protocol/statistics.js';
import { oneInstance, requestOf } from '../server/live-service.js';
import { testRepository } from '../server/model-folder.js';
import { tinyOnnx } from '../server/tiny-onnx.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

export type OverloadedProtocol = 'http' | 'grpc';

/** What became of a load beyond what a model can do. Times in milliseconds. */
export interface OverloadReport {
  readonly protocol: OverloadedProtocol;
  /** Requests per second that the model answers one after the other. */
  readonly capacityPerSecond: number;
  readonly sent: number;
  readonly ok: number;
  /** 503 or UNAVAILABLE because the queue was full. */
  readonly refused: number;
  /** Anything else, by its text. */
  readonly others: readonly string[];
  readonly okMs: readonly number[];
  readonly refusedMs: readonly number[];
  /** What the server counted of the load. */
  readonly served: number;
}

type Outcome = 'ok' | 'refused' | { readonly other: string };
type Infer = () => Promise<Outcome>;

const queueSize = 4;
const capacityCalls = 10;

/**
 * Sends requests to one instance with a queue of `queueSize`, in an open loop.
 *
 * @param timesCapacity how many for each that it could answer
 */
export async function overload(
  protocol: OverloadedProtocol,
  { durationMs, timesCapacity }: { readonly durationMs: number; readonly timesCapacity: number },
): Promise<OverloadReport> {
  await using repository = await testRepository({
    'slow/1/model.onnx': slowOnnx,
    'slow/config.pbtxt':
      oneInstance(`input [ { name: "X" data_type: TYPE_FP32 dims: [ 1 ] }, { name: "SIZE" data_type: TYPE_INT64 dims: [ 2 ] } ]
      output { name: "Y" data_type: TYPE_FP32 dims: [ 1, 1 ] }
      dynamic_batching { default_queue_policy { max_queue_size: ${queueSize} } }`),
  });
  const server = await startServerProcess(repository.path);
  try {
    await using client = protocol === 'http' ? overHttp(server) : overGrpc(server);
    const begin = performance.now();
    for (let call = 0; call < capacityCalls; call++) await client.infer();
    const serviceMs = (performance.now() - begin) / capacityCalls;
    const gapMs = serviceMs / timesCapacity;
    return await loadFor(durationMs, { protocol, serviceMs, gapMs, server, infer: client.infer });
  } finally {
    await server.stop();
  }
}

interface Load {
  readonly protocol: OverloadedProtocol;
  readonly serviceMs: number;
  readonly gapMs: number;
  readonly server: ServerProcess;
  readonly infer: Infer;
}

async function loadFor(
  durationMs: number,
  { protocol, serviceMs, gapMs, server, infer }: Load,
): Promise<OverloadReport> {
  const before = await successCount(server);
  const others: string[] = [];
  const okMs: number[] = [];
  const refusedMs: number[] = [];
  const send = async (): Promise<void> => {
    const begin = performance.now();
    const outcome = await infer();
    const ms = performance.now() - begin;
    if (outcome === 'ok') okMs.push(ms);
    else if (outcome === 'refused') refusedMs.push(ms);
    else others.push(outcome.other);
  };
  const inFlight: Promise<void>[] = [];
  const start = performance.now();
  for (let at = 0; at < durationMs; at += gapMs) {
    await sleep(Math.max(0, start + at - performance.now()));
    inFlight.push(send());
  }
  await Promise.all(inFlight);
  return {
    protocol,
    capacityPerSecond: 1000 / serviceMs,
    sent: inFlight.length,
    ok: okMs.length,
    refused: refusedMs.length,
    others,
    okMs,
    refusedMs,
    served: (await successCount(server)) - before,
  };
}

/** Y = the product of a square matrix of X with itself: SIZE says how long that takes. */
const slowOnnx = tinyOnnx({
  inputs: [
    { name: 'X', datatype: 'FP32', shape: [1] },
    { name: 'SIZE', datatype: 'INT64', shape: [2] },
  ],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: [1, 1] }],
  nodes: [
    { op: 'Expand', inputs: ['X', 'SIZE'], outputs: ['wide'] },
    { op: 'MatMul', inputs: ['wide', 'wide'], outputs: ['product'] },
    { op: 'ReduceMax', inputs: ['product'], outputs: ['Y'], attributes: { keepdims: 1 } },
  ],
});

const request = requestOf('slow', {
  X: { datatype: 'FP32', shape: [1], data: Float32Array.of(1) },
  SIZE: { datatype: 'INT64', shape: [2], data: BigInt64Array.of(900n, 900n) },
});

const queueIsFull = /Exceeds maximum queue size/;

function overHttp({ ports }: ServerProcess): AsyncDisposable & { readonly infer: Infer } {
  const pool = new Pool(`http://127.0.0.1:${ports.http}`);
  const { body, headerLength } = encodeInferRequest(request);
  const headers = { [headerLengthField]: String(headerLength) };
  return {
    infer: async () => {
      const reply = await pool.request({ method: 'POST', path: '/v2/models/slow/infer', body, headers });
      const text = await reply.body.text();
      if (reply.statusCode === 200) return 'ok';
      return reply.statusCode === 503 && queueIsFull.test(text) ? 'refused' : { other: `${reply.statusCode} ${text}` };
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

function overGrpc({ ports }: ServerProcess): AsyncDisposable & { readonly infer: Infer } {
  const client = new Client(`127.0.0.1:${ports.grpc}`, credentials.createInsecure());
  const bytes = Buffer.from(encodeModelInferRequest(request));
  const asIs = (each: Buffer) => each;
  const path = '/inference.GRPCInferenceService/ModelInfer';
  return {
    infer: () =>
      new Promise((resolve) => {
        client.makeUnaryRequest(path, asIs, asIs, bytes, (error) => {
          if (error === null) resolve('ok');
          else if (error.code === 14 && queueIsFull.test(error.details)) resolve('refused');
          else resolve({ other: error.message });
        });
      }),
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

async function successCount({ ports }: ServerProcess): Promise<number> {
  const reply = await fetch(`http://127.0.0.1:${ports.http}/v2/models/slow/stats`);
  const [model] = ((await reply.json()) as { model_stats: { inference_stats: InferStatistics }[] }).model_stats;
  return model?.inference_stats.success.count ?? 0;
}
