import { formatSpread, spreadOf } from './spread.js';
import { type Measured, runClient, runH2load, runWrk, type Workload } from './wire-peers.js';
import { type FixedServers, startFixedServers } from './wire-servers.js';

/** One figure that we claim, once a round. */
interface Line {
  readonly name: string;
  readonly target: string;
  readonly holds: (value: number) => boolean;
  readonly digits: number;
  readonly valueOf: (round: Round) => number;
}

/** What was measured in one round, one after the other, so that a ratio compares neighbours in time. */
type Round = Readonly<Record<Step, Measured>>;

type Step =
  | 'http16'
  | 'httpBare16'
  | 'wrk16'
  | 'undici16'
  | 'http1'
  | 'wrk1'
  | 'httpBig'
  | 'netBig'
  | 'grpc16'
  | 'grpcBare16'
  | 'h2load16'
  | 'grpcJs16'
  | 'grpc1'
  | 'h2load1'
  | 'grpcBig'
  | 'grpcJsBig';

const seconds = 2;
const small = (concurrency: number): Workload => ({ concurrency, sizeBytes: 64, seconds });
/** 3 x 224 x 224 FP32. */
const big: Workload = { concurrency: 1, sizeBytes: 602_112, seconds };

const atLeast = (limit: number) => ({ target: `>= ${limit}`, holds: (value: number) => value >= limit });
const atMost = (limit: number) => ({ target: `<= ${limit}`, holds: (value: number) => value <= limit });
const forInformation = { target: '', holds: () => true };

const lines: readonly Line[] = [
  { name: 'HTTP c16, requests/s', ...forInformation, digits: 0, valueOf: (r) => r.http16.requestsPerSecond },
  { name: 'HTTP c16, requests/s / wrk', ...atLeast(0.8), digits: 2, valueOf: (r) => rate(r.http16, r.wrk16) },
  { name: 'HTTP c16, CPU us/request', ...atMost(18), digits: 1, valueOf: (r) => r.http16.cpuUs },
  { name: 'HTTP c16, CPU / undici', ...forInformation, digits: 2, valueOf: (r) => cpu(r.http16, r.undici16) },
  { name: 'HTTP c16, CPU / bare loop', ...forInformation, digits: 2, valueOf: (r) => cpu(r.http16, r.httpBare16) },
  { name: 'HTTP c1, mean latency us', ...forInformation, digits: 1, valueOf: (r) => r.http1.meanUs },
  { name: 'HTTP c1, mean latency / wrk', ...atMost(1.15), digits: 2, valueOf: (r) => mean(r.http1, r.wrk1) },
  {
    name: 'HTTP c1, mean latency / wrk by its rate',
    ...forInformation,
    digits: 2,
    valueOf: (r) => wall(r.http1, r.wrk1),
  },
  { name: 'HTTP 600 KB, CPU / net', ...atMost(1.3), digits: 2, valueOf: (r) => cpu(r.httpBig, r.netBig) },
  { name: 'gRPC c16, requests/s', ...forInformation, digits: 0, valueOf: (r) => r.grpc16.requestsPerSecond },
  { name: 'gRPC c16, requests/s / h2load', ...atLeast(0.6), digits: 2, valueOf: (r) => rate(r.grpc16, r.h2load16) },
  { name: 'gRPC c16, CPU us/request', ...atMost(20), digits: 1, valueOf: (r) => r.grpc16.cpuUs },
  { name: 'gRPC c16, CPU of grpc-js / ours', ...atLeast(10), digits: 1, valueOf: (r) => cpu(r.grpcJs16, r.grpc16) },
  { name: 'gRPC c16, CPU / bare loop', ...forInformation, digits: 2, valueOf: (r) => cpu(r.grpc16, r.grpcBare16) },
  { name: 'gRPC c1, mean latency us', ...forInformation, digits: 1, valueOf: (r) => r.grpc1.meanUs },
  { name: 'gRPC c1, mean latency / h2load', ...atMost(1.15), digits: 2, valueOf: (r) => mean(r.grpc1, r.h2load1) },
  {
    name: 'gRPC c1, mean latency / h2load by its rate',
    ...forInformation,
    digits: 2,
    valueOf: (r) => wall(r.grpc1, r.h2load1),
  },
  { name: 'gRPC 600 KB, CPU / grpc-js', ...atMost(0.6), digits: 2, valueOf: (r) => cpu(r.grpcBig, r.grpcJsBig) },
];

const rate = (ours: Measured, peer: Measured): number => ours.requestsPerSecond / peer.requestsPerSecond;
const cpu = (ours: Measured, peer: Measured): number => ours.cpuUs / peer.cpuUs;
const mean = (ours: Measured, peer: Measured): number => ours.meanUs / peer.meanUs;
/** `wrk` 4 adds latencies that it did not measure when the machine is disturbed; its rate it counts. */
const wall = (ours: Measured, peer: Measured): number => (ours.meanUs * peer.requestsPerSecond) / 1e6;

/**
 * What our wires cost, against `wrk`, `h2load`, `undici` and `@grpc/grpc-js` in the same run: C servers with fixed
 * answers on core 0, one client at a time on core 1, everything that the analyzer records recorded.
 */
export async function benchWire(rounds = 5): Promise<void> {
  await using servers = await startFixedServers();
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    measured.push(await measureRound(servers));
    console.error(`wire: round ${round} of ${rounds}`);
  }
  const failed = measured.flatMap((round) => Object.values(round)).reduce((sum, one) => sum + one.failed, 0);
  console.log(`| wire, median (range) of ${rounds} rounds | measured | must hold |`);
  console.log('|---|---|---|');
  for (const line of lines) {
    const spread = spreadOf(measured.map(line.valueOf));
    const verdict = line.target === '' ? '' : `${line.target}: ${line.holds(spread.median) ? 'yes' : 'NO'}`;
    console.log(`| ${line.name} | ${formatSpread(spread, line.digits)} | ${verdict} |`);
  }
  console.log(`failed requests: ${failed}`);
}

async function measureRound(servers: FixedServers): Promise<Round> {
  const { httpPort, grpcPort } = servers;
  return {
    http16: await runClient('http1', httpPort, small(16)),
    wrk16: await runWrk(servers, small(16)),
    httpBare16: await runClient('http1', httpPort, small(16), 'bare'),
    undici16: await runClient('undici', httpPort, small(16)),
    http1: await runClient('http1', httpPort, small(1)),
    wrk1: await runWrk(servers, small(1)),
    httpBig: await runClient('http1', httpPort, big),
    netBig: await runClient('net', httpPort, big),
    grpc16: await runClient('http2', grpcPort, small(16)),
    h2load16: await runH2load(servers, small(16)),
    grpcBare16: await runClient('http2', grpcPort, small(16), 'bare'),
    grpcJs16: await runClient('grpc-js', grpcPort, small(16)),
    grpc1: await runClient('http2', grpcPort, small(1)),
    h2load1: await runH2load(servers, small(1)),
    grpcBig: await runClient('http2', grpcPort, big),
    grpcJsBig: await runClient('grpc-js', grpcPort, big),
  };
}
