import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { writeSampleModel } from '../sample-models/write-sample-model.js';
import { cacheDirectory } from '../src/core/cache-directory.js';
import { plainLoop } from './plain-loop.js';
import { formatSpread, spreadOf } from './spread.js';
import { throughTheTool } from './through-the-tool.js';
import type { Measured } from './wire-peers.js';

const run = promisify(execFile);
const rounds = 5;
const measureMs = 4500;
/** Of the embedded server and of the plain loops: V8 compiles what runs often, which is over after some ten thousand requests. */
const warmUpMs = 3000;
const here = dirname(fileURLToPath(import.meta.url));

/** One figure a round. */
type Figures = Readonly<Record<string, number>>;

/**
 * What the embedded server costs, client and server on the same cores: small requests against a bare `node:http` server
 * that echoes, and models that are kept busy against a plain loop of `onnxruntime-node`.
 */
export async function benchServing(): Promise<void> {
  const measured: Figures[] = [];
  for (let round = 1; round <= rounds; round++) {
    measured.push({ ...(await smallRequests()), ...(await busyModels()) });
    console.error(`serving: round ${round} of ${rounds}`);
  }
  console.log(`| serving, median (range) of ${rounds} rounds | measured | must hold |`);
  console.log('|---|---|---|');
  for (const name of Object.keys(measured[0] ?? {})) {
    const spread = spreadOf(measured.map((figures) => figures[name] ?? Number.NaN));
    const must = targets[name];
    const verdict = must === undefined ? '' : `${must.text}: ${must.holds(spread.median) ? 'yes' : 'NO'}`;
    console.log(`| ${name} | ${formatSpread(spread, spread.median > 100 ? 0 : 3)} | ${verdict} |`);
  }
}

const atLeast = (limit: number) => ({ text: `>= ${limit}`, holds: (value: number) => value >= limit });
const atMost = (limit: number) => ({ text: `<= ${limit}`, holds: (value: number) => value <= limit });

const targets: Readonly<Record<string, ReturnType<typeof atLeast>>> = {
  'simple, HTTP, concurrency 16, infer/s': atLeast(8000),
  'simple, gRPC, concurrency 16, infer/s': atLeast(5000),
  'simple, HTTP / echo of node:http': atLeast(0.6),
  'identity_fp32, HTTP, concurrency 1, p50 ms': atMost(0.25),
  'identity_fp32, gRPC, concurrency 1, p50 ms': atMost(0.25),
  'resnet50, one instance, batch 1, concurrency 2 / plain loop': atLeast(0.97),
  'mlp, one instance, batch 64, concurrency 2 / plain loop': atLeast(0.97),
};

async function smallRequests(): Promise<Figures> {
  const rate = async (protocol: string): Promise<number> => {
    const flags = ['-m', 'simple', '-i', protocol, '--concurrency-range', '16', ...warmUpAt(25_000)];
    return (await throughTheTool(flags, measureMs)).summary.throughput;
  };
  const p50 = async (protocol: string): Promise<number> => {
    const flags = ['-m', 'identity_fp32', '--shape', 'INPUT0:16', '-i', protocol, '--concurrency-range', '1'];
    flags.push(...warmUpAt(6000));
    return (await throughTheTool(flags, measureMs)).summary.latency?.percentilesMs['50'] ?? Number.NaN;
  };
  const http = await rate('http');
  const echo = await echoRate();
  return {
    'simple, HTTP, concurrency 16, infer/s': http,
    'simple, gRPC, concurrency 16, infer/s': await rate('grpc'),
    'echo of node:http, concurrency 16, requests/s': echo,
    'simple, HTTP / echo of node:http': http / echo,
    'identity_fp32, HTTP, concurrency 1, p50 ms': await p50('http'),
    'identity_fp32, gRPC, concurrency 1, p50 ms': await p50('grpc'),
  };
}

/** As many requests before the level as take `warmUpMs` at this rate. */
const warmUpAt = (requestsPerSecond: number): string[] => [
  '--warmup-request-count',
  String(Math.round((requestsPerSecond * warmUpMs) / 1000)),
];

/** The tensors of `simple`, batch 1, have 128 bytes. */
async function echoRate(): Promise<number> {
  const server = spawn(process.execPath, [join(here, 'echo-server.js')], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await new Promise<string>((resolve) =>
      server.stdout.once('data', (text) => resolve(`${text}`.trim())),
    );
    const args = [join(here, 'wire-client.js'), 'http1', 'recorded', port, '16', '128', String(measureMs)];
    const { stdout } = await run(process.execPath, args);
    return (JSON.parse(stdout) as Measured).requestsPerSecond;
  } finally {
    server.kill();
  }
}

async function busyModels(): Promise<Figures> {
  return {
    'resnet50, one instance, batch 1, concurrency 2 / plain loop': await ratioToPlainLoop('resnet50', 1, [3, 224, 224]),
    'mlp, one instance, batch 64, concurrency 2 / plain loop': await ratioToPlainLoop('mlp', 64, [512]),
  };
}

/** One request computes while the next one waits, so that the instance is never without work. */
async function ratioToPlainLoop(model: string, batch: number, dims: readonly number[]): Promise<number> {
  const samples = join(cacheDirectory(), 'sample-models');
  await writeSampleModel(model, samples);
  const modelFile = join(samples, model, '1', 'model.onnx');
  const input = { name: 'input', shape: [batch, ...dims] };
  const plain = await plainLoop({ modelFile, instances: 1, intraOpThreads: 1, input, warmUpMs, measureMs });
  const repository = mkdtempSync(join(tmpdir(), 'perf-analyze-bench-'));
  try {
    mkdirSync(join(repository, model, '1'), { recursive: true });
    symlinkSync(modelFile, join(repository, model, '1', 'model.onnx'));
    const config = readFileSync(join(samples, model, 'config.pbtxt'), 'utf8').replace(/count: \d+/, 'count: 1');
    const threads = 'parameters { key: "intra_op_thread_count" value: { string_value: "1" } }';
    writeFileSync(
      join(repository, model, 'config.pbtxt'),
      `${config.replace('dynamic_batching { }', '')}\n${threads}\n`,
    );
    const flags = ['-m', model, '-b', String(batch), '--model-repository', repository, '--concurrency-range', '2'];
    flags.push(...warmUpAt(plain / batch));
    return (await throughTheTool(flags, measureMs)).summary.throughput / plain;
  } finally {
    rmSync(repository, { recursive: true });
  }
}
