import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { constantRate } from '../analyzer/load/constant-rate.js';
import type { Load } from '../src/core/load.js';
import type { LatencySummary, Level } from '../src/core/run.js';
import { startFixedServers } from './wire-servers.js';

const run = promisify(execFile);
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Since the start of the client's process: in the middle of its window. */
const stallAfterMs = 2500;
const stallMs = 500;

interface Trial {
  readonly protocol: 'http' | 'grpc';
  readonly behaviour: 'fast' | 'slow' | 'serial';
  readonly load: Load;
  readonly windowMs: number;
  readonly windows: number;
}

/** One figure that we claim. */
interface Line {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly least?: number;
  readonly most?: number;
}

const rate = (requestsPerSecond: number): Load => constantRate(requestsPerSecond, 1024);
const concurrency = (count: number): Load => ({ kind: 'concurrency', concurrency: count });

/**
 * How truly we keep a schedule and tell what a server does, against servers of known behaviour on core 0, the client on
 * core 1.
 */
export async function benchOpenLoop(): Promise<void> {
  const lines: Line[] = [
    ...(await sendLag()),
    ...(await stalledServer()),
    ...(await slowServer()),
    ...(await serialServer('http')),
    ...(await serialServer('grpc')),
  ];
  console.log('| open loop | measured | must hold |');
  console.log('|---|---|---|');
  for (const { name, value, unit, least, most } of lines) {
    const target = [least, most].map((limit) => limit?.toFixed(1) ?? '').join(' to ');
    const holds = value >= (least ?? Number.NEGATIVE_INFINITY) && value <= (most ?? Number.POSITIVE_INFINITY);
    const verdict = least === undefined && most === undefined ? '' : `${target}: ${holds ? 'yes' : 'NO'}`;
    console.log(`| ${name} | ${value.toFixed(3)} ${unit} | ${verdict} |`);
  }
}

async function sendLag(): Promise<Line[]> {
  const fast = { protocol: 'http', behaviour: 'fast', windowMs: 5000, windows: 3 } as const;
  const slow = await measure({ ...fast, load: rate(1000) });
  const quick = await measure({ ...fast, load: rate(5000) });
  const lag = slow.summary.pacing?.sendLag;
  return [
    { name: '1,000/s: send lag p50', value: percentile(lag, 50), unit: 'ms', most: 0.1 },
    { name: '1,000/s: send lag p99', value: percentile(lag, 99), unit: 'ms', most: 1 },
    { name: '1,000/s: client CPU a request', value: 1000 * (slow.clientHealth.cpuMsPerRequest ?? 0), unit: 'us' },
    {
      name: '5,000/s: achieved',
      value: quick.summary.pacing?.achievedRate ?? 0,
      unit: '/s',
      least: 4975,
      most: 5025,
    },
    { name: '5,000/s: send lag p99', value: percentile(quick.summary.pacing?.sendLag, 99), unit: 'ms' },
  ];
}

async function stalledServer(): Promise<Line[]> {
  await using servers = await startFixedServers();
  const measureStalled = async (load: Load): Promise<Level> => {
    const measured = runClient('http', servers.httpPort, { load, windowMs: 5000, windows: 1 });
    await new Promise((resolve) => setTimeout(resolve, stallAfterMs));
    await servers.stallHttp(stallMs);
    return measured;
  };
  const open = await measureStalled(rate(1000));
  const closed = await measureStalled(concurrency(1));
  const { latency, pacing } = open.summary;
  const within5 = (ms: number) => ({ unit: 'ms', least: 0.95 * ms, most: 1.05 * ms });
  return [
    { name: 'stall: response time p95', value: percentile(latency, 95), ...within5(250) },
    { name: 'stall: response time p99', value: percentile(latency, 99), ...within5(450) },
    { name: 'stall: service time p99, open loop', value: percentile(pacing?.serviceTime, 99), unit: 'ms' },
    { name: 'stall: service time p95, closed loop', value: percentile(closed.summary.latency, 95), unit: 'ms' },
    { name: 'stall: service time p99, closed loop', value: percentile(closed.summary.latency, 99), unit: 'ms' },
  ];
}

async function slowServer(): Promise<Line[]> {
  const level = await measure({ protocol: 'http', behaviour: 'slow', windowMs: 1000, windows: 3, load: rate(100) });
  const { sent, ok, inFlight } = level.requests;
  return [
    { name: 'always 50 ms: p50', value: percentile(level.summary.latency, 50), unit: 'ms', least: 50, most: 53 },
    { name: 'always 50 ms: samples - requests', value: ok + inFlight - sent, unit: '', least: 0, most: 0 },
  ];
}

async function serialServer(protocol: Trial['protocol']): Promise<Line[]> {
  const level = await measure({ protocol, behaviour: 'serial', windowMs: 1500, windows: 3, load: concurrency(2) });
  const { throughput } = level.summary;
  return [{ name: `serial 50 ms, ${protocol}, c 2`, value: throughput, unit: '/s', least: 19.6, most: 20.4 }];
}

const percentile = (summary: LatencySummary | undefined, percent: number): number =>
  summary?.percentilesMs[percent] ?? Number.NaN;

async function measure({ protocol, behaviour, ...trial }: Trial): Promise<Level> {
  const server = spawn('taskset', ['-c', '0', process.execPath, script('open-loop-server.js'), protocol, behaviour], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  try {
    const [port] = (await once(server.stdout, 'data')) as [Buffer];
    return await runClient(protocol, Number(port.toString()), trial);
  } finally {
    server.kill('SIGTERM');
    await exited;
  }
}

/** One level in a process of its own on core 1. */
async function runClient(
  protocol: Trial['protocol'],
  port: number,
  { load, windowMs, windows }: Pick<Trial, 'load' | 'windowMs' | 'windows'>,
): Promise<Level> {
  const client = [script('open-loop-client.js'), protocol, String(port), JSON.stringify(load)];
  const numbers = [String(windowMs), String(windows)];
  const { stdout } = await run('taskset', ['-c', '1', process.execPath, ...client, ...numbers]);
  return JSON.parse(stdout) as Level;
}
