import { grpcTransport } from '../../analyzer/wire/grpc-transport.js';
import { httpTransport } from '../../analyzer/wire/http-transport.js';
import { http1Transport } from '../../analyzer/wire/http1/http1-transport.js';
import { http2Transport } from '../../analyzer/wire/http2/http2-transport.js';
import type { OpenTransport } from '../../analyzer/wire/transport.js';
import { systemClock } from '../../src/core/clock.js';
import { deriveSeed, seededRandom } from '../../src/core/random.js';
import type { InferRequest } from '../../src/protocol/infer.js';
import { openCaller, type Reply } from '../analyzer/wire/caller.js';
import { requestFor } from '../analyzer/wire/peer.js';
import { startGrpcScripts } from './grpc-script-server.js';
import { startHttpScripts } from './http-script-server.js';
import { drawScript, pool, type Script, type ScriptRules } from './script.js';
import type { ScriptServer } from './script-server.js';
import { startSplittingProxy } from './splitting-proxy.js';

export type FuzzedProtocol = 'http' | 'grpc';

export interface FuzzReport {
  readonly calls: number;
  readonly succeeded: number;
  /** What the two transports did not agree on. */
  readonly differences: readonly string[];
}

const batchCalls = 200;

/**
 * Plays the same random scripts to a wire and to its oracle (`undici`, `@grpc/grpc-js`), and compares what they say:
 * the class of each answer, the server's words, the bytes of the body, and the length of its JSON part.
 */
export async function fuzzWire(protocol: FuzzedProtocol, calls: number, seed: number): Promise<FuzzReport> {
  const report = { calls, succeeded: 0, differences: [] as string[] };
  for (let from = 0; from < calls; from += batchCalls) {
    const batch = {
      protocol,
      from,
      calls: Math.min(batchCalls, calls - from),
      seed: deriveSeed(seed, `${protocol} ${from}`),
    };
    const { succeeded, differences } = await fuzzBatch(batch);
    report.succeeded += succeeded;
    report.differences.push(...differences);
  }
  return report;
}

interface Batch {
  readonly protocol: FuzzedProtocol;
  readonly from: number;
  readonly calls: number;
  readonly seed: number;
}

async function fuzzBatch({ protocol, from, calls, seed }: Batch): Promise<FuzzReport> {
  const random = seededRandom(seed);
  // What tears a connection down would hit a gRPC call's neighbours by chance: such batches are played one by one.
  const isRough = protocol === 'grpc' && from % (4 * batchCalls) === 0;
  const rules = protocol === 'http' ? httpRules : isRough ? roughGrpcRules : grpcRules;
  const scripts = Array.from({ length: calls }, () => drawScript(random, rules));
  const concurrency = isRough ? 1 : 1 + Math.floor(random() * 16);
  const [ours, theirs] = await playToBoth(protocol, scripts, concurrency, seed);
  const differences = scripts.flatMap((script, index) => {
    const difference = differenceOf(ours[index], theirs[index]);
    return difference === undefined ? [] : [`${describe(script, from + index)}: ${difference}`];
  });
  return { calls, succeeded: ours.filter(({ failure }) => failure === undefined).length, differences };
}

const httpRules: ScriptRules = {
  success: 200,
  statuses: [200, 204, 304, 400, 404, 429, 500, 503],
  faults: ['cut-short', 'torn-down', 'garbage'],
};
const grpcRules: ScriptRules = { success: 0, statuses: [1, 2, 3, 5, 8, 12, 13, 14, 16], faults: ['reset'] };
const roughGrpcRules: ScriptRules = { ...grpcRules, faults: ['reset', 'torn-down', 'goaway'] };

async function playToBoth(
  protocol: FuzzedProtocol,
  scripts: readonly Script[],
  concurrency: number,
  seed: number,
): Promise<readonly [Reply[], Reply[]]> {
  const requests = scripts.map((script, index) => requestFor(String(index), pool.subarray(0, script.requestBytes)));
  if (protocol === 'http') {
    await using server: ScriptServer = await startHttpScripts(scripts);
    const target = { origin: `http://127.0.0.1:${server.port}`, requests, clock: systemClock };
    return [
      await playAll(http1Transport(target), requests, concurrency),
      await playAll(httpTransport(target), requests, concurrency),
    ];
  }
  await using server: ScriptServer = await startGrpcScripts(scripts);
  await using proxy: ScriptServer = await startSplittingProxy(server.port, seed);
  const target = { requests, clock: systemClock };
  return [
    await playAll(http2Transport({ ...target, address: `127.0.0.1:${proxy.port}` }), requests, concurrency),
    await playAll(grpcTransport({ ...target, address: `127.0.0.1:${server.port}` }), requests, concurrency),
  ];
}

async function playAll(open: OpenTransport, requests: readonly InferRequest[], concurrency: number): Promise<Reply[]> {
  await using caller = openCaller(open, concurrency);
  const replies: Reply[] = [];
  const left = requests.keys();
  const worker = async (): Promise<void> => {
    for (const index of left) replies[index] = await caller.call(index);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  if (caller.faults.length > 0) throw new Error(caller.faults.join('; '));
  return replies;
}

function differenceOf(ours: Reply | undefined, theirs: Reply | undefined): string | undefined {
  if (ours === undefined || theirs === undefined) return 'no reply at all';
  const [left, right] = [classOf(ours), classOf(theirs)];
  if (left !== right) return `${left} against ${right}`;
  if (ours.headerLength !== theirs.headerLength) return `JSON part ${ours.headerLength} against ${theirs.headerLength}`;
  if ((ours.body === undefined) !== (theirs.body === undefined)) return 'only one has a body';
  if (ours.body !== undefined && theirs.body !== undefined && !ours.body.equals(theirs.body)) return 'bodies differ';
  return undefined;
}

/** The code, with the text where it is the server's and not the client's own. */
function classOf({ failure }: Reply): string {
  if (failure === undefined) return 'ok';
  const isOwnText = !/^(http|grpc) /.test(failure.code) || failure.message.startsWith('Received RST_STREAM');
  return isOwnText || isGrpcJsText(failure.message) ? failure.code : `${failure.code} ${failure.message}`;
}

/** What grpc-js calls the resets that it has words for. */
const isGrpcJsText = (text: string): boolean =>
  ['Call cancelled', 'Bandwidth exhausted or memory limit exceeded', 'Protocol not secure enough'].includes(text);

const describe = ({ body, seed: _seed, text: _text, ...script }: Script, index: number): string =>
  `call ${index} ${JSON.stringify({ ...script, bodyBytes: body.length })}`;
