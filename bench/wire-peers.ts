import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeModelInferRequest } from '../src/protocol/grpc-infer.js';
import { encodeInferRequest } from '../src/protocol/http-infer.js';
import { benchRequest } from './wire-request.js';
import type { FixedServers } from './wire-servers.js';

/** What a client did: `cpuUs` a request is known only of our own processes. */
export interface Measured {
  readonly requestsPerSecond: number;
  readonly meanUs: number;
  readonly cpuUs: number;
  readonly failed: number;
}

export type Client = 'http1' | 'http2' | 'undici' | 'grpc-js' | 'net';

export interface Workload {
  readonly concurrency: number;
  readonly sizeBytes: number;
  readonly seconds: number;
}

const run = promisify(execFile);
const clientCore = '1';
const program = join(dirname(fileURLToPath(import.meta.url)), 'wire-client.js');

async function pinned(...command: string[]): Promise<string> {
  const { stdout } = await run('taskset', ['-c', clientCore, ...command]);
  return stdout;
}

/** One of our transports, in the analyzer's loop (`recorded`) or in one that only sends again (`bare`). */
export async function runClient(
  client: Client,
  port: number,
  { concurrency, sizeBytes, seconds }: Workload,
  loop: 'recorded' | 'bare' = 'recorded',
): Promise<Measured> {
  const args = [client, loop, port, concurrency, sizeBytes, seconds * 1000].map(String);
  return JSON.parse(await pinned('node', program, ...args)) as Measured;
}

/** `wrk` with one thread, sending the same requests. */
export async function runWrk({ httpPort, folder }: FixedServers, work: Workload): Promise<Measured> {
  const { body, headerLength } = encodeInferRequest(benchRequest(work.sizeBytes));
  const script = join(folder, 'request.lua');
  const bytes = [...body].map((byte) => `\\${byte}`).join('');
  await writeFile(
    script,
    `wrk.method = "POST"; wrk.body = "${bytes}"
wrk.headers["inference-header-content-length"] = "${headerLength}"
wrk.headers["content-type"] = "application/octet-stream"`,
  );
  const url = `http://127.0.0.1:${httpPort}/v2/models/bench/infer`;
  const options = ['-t1', `-c${work.concurrency}`, `-d${work.seconds}`, '-s', script];
  const text = await pinned('wrk', ...options, url);
  return {
    requestsPerSecond: Number(find(text, /Requests\/sec:\s+([\d.]+)/)),
    meanUs: microseconds(find(text, /Latency\s+([\d.]+[mu]?s)/)),
    cpuUs: Number.NaN,
    failed: 0,
  };
}

/** `h2load` with one thread and one connection, sending the same messages. */
export async function runH2load({ grpcPort, folder }: FixedServers, work: Workload): Promise<Measured> {
  const message = encodeModelInferRequest(benchRequest(work.sizeBytes));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const data = join(folder, 'request.grpc');
  await writeFile(data, Buffer.concat([prefix, message]));
  const url = `http://127.0.0.1:${grpcPort}/inference.GRPCInferenceService/ModelInfer`;
  const options = ['-t1', '-c1', `-m${work.concurrency}`, '-D', String(work.seconds), '--warm-up-time=1', '-d', data];
  const text = await pinned('h2load', ...options, '-H', 'content-type: application/grpc', '-H', 'te: trailers', url);
  return {
    requestsPerSecond: Number(find(text, /finished in [\d.]+m?s, ([\d.]+) req\/s/)),
    meanUs: microseconds(find(text, /time for request:\s+\S+\s+\S+\s+(\S+)/)),
    cpuUs: Number.NaN,
    failed: 0,
  };
}

function find(text: string, pattern: RegExp): string {
  const [, found] = pattern.exec(text) ?? [];
  if (found === undefined) throw new Error(`nothing like ${pattern} in: ${text}`);
  return found;
}

function microseconds(text: string): number {
  const factor = text.endsWith('us') ? 1 : text.endsWith('ms') ? 1e3 : 1e6;
  return Number.parseFloat(text) * factor;
}
