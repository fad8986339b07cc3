import { checkAnswers, type DecodeAnswer, type OutputTexts } from '../../analyzer/answers/check-answers.js';
import { type PreparedRequest, streamLengths } from '../../analyzer/data/step.js';
import { cacheTestOrder, differentRequests } from '../../analyzer/limits/cache-turns.js';
import { drawn, inTurn, type RequestOrder } from '../../analyzer/load/request-order.js';
import { type SequenceSource, sequenceSource } from '../../analyzer/load/sequence-source.js';
import type { Share } from '../../analyzer/load/share.js';
import { openSlots, type SharedSlots } from '../../analyzer/shared-memory/shared-slots.js';
import { mixRequests } from '../../analyzer/targets/mix-requests.js';
import { spreadOverServers } from '../../analyzer/targets/spread-over-servers.js';
import { requestsOfServer, serverOfSlot, type Targets } from '../../analyzer/targets/targets.js';
import type { OpenTransport } from '../../analyzer/wire/transport.js';
import type { ConnectionOptions } from '../client/connection.js';
import type { Clock } from '../core/clock.js';
import { isOpenLoop } from '../core/load-name.js';
import { deriveSeed } from '../core/random.js';
import type { RunSettings } from '../core/run-settings.js';
import type { InferRequest } from '../protocol/infer.js';
import { tensorValuesText } from '../protocol/tensor-values.js';
import { loadWireFormat } from './open-wire.js';

/** What one sender needs of a request path: plain data, so that the sender can be on any thread. */
export interface PathPlan {
  readonly settings: RunSettings;
  /** Of the run, among the senders that hold it together. */
  readonly share: Share;
  /** At least one. */
  readonly urls: readonly string[];
  readonly connection: ConnectionOptions;
  /** In the order in which they are sent. */
  readonly prepared: readonly PreparedRequest[];
  /** The model may answer a request any number of times. */
  readonly isDecoupled: boolean;
  /** Absent: one model on one server. */
  readonly targets: Targets | undefined;
  /** Given when tensors travel in shared memory: of each server. */
  readonly shared: readonly SharedSlots[] | undefined;
  /** Answers with at most so many bytes are kept as text; absent: none is. */
  readonly outputLimitBytes: number | undefined;
}

/** A request path on the thread that sends: wire, shared memory, checks. */
export interface OpenPath {
  readonly open: OpenTransport;
  readonly order: RequestOrder;
  /** Given when requests are sent in sequences. */
  readonly sequences: SequenceSource | undefined;
}

/**
 * Loads the wire of the protocol, and encodes the requests for it.
 *
 * @throws PerfError `usage` when the data cannot travel as asked for
 */
export async function openPath(plan: PathPlan, clock: Clock): Promise<OpenPath> {
  const { settings, share, urls, connection, prepared, isDecoupled, targets, shared } = plan;
  const { requestTimeoutMs, ...untimed } = settings;
  const format = await loadWireFormat(settings.protocol);
  const checks = { prepared, tolerance: settings.data.tolerance, texts: outputTexts(plan) };
  const openServer = (url: string, server: number): OpenTransport => {
    const own = shared?.[server];
    const slots = own && openSlots(own, { requestTimeoutMs, clock });
    const requests = own?.requests ?? prepared.map(({ request }) => request);
    const timed = slots === undefined ? settings : untimed;
    const wire = format.open(timed, { url, connection, requests, clock, isDecoupled });
    const decode: DecodeAnswer = (body, headerLength, token) => {
      const answer = format.decode({ body, headerLength, shared: slots?.sharedOutputs });
      return slots === undefined ? answer : slots.complete(answer, token);
    };
    return checkAnswers(slots?.wrap(wire) ?? wire, { ...checks, decode });
  };
  const { sequences, seed, load } = settings;
  return {
    open: spreadOverServers(urls.map(openServer), prepared.length),
    order:
      targets === undefined
        ? orderOf(
            settings,
            prepared.map(({ request }) => request),
          )
        : mixRequests(targets, isOpenLoop(load) ? 'open' : 'closed'),
    sequences:
      sequences &&
      sequenceSource({
        settings: sequences,
        streams: streamLengths(prepared),
        seed,
        share,
        firstOf: targets && firstRequests(targets),
      }),
  };
}

/** All steps of a sequence go to one server: that of its lane, as if it were a slot. */
const firstRequests =
  (targets: Targets) =>
  (lane: number, share: Share): number =>
    serverOfSlot(lane, targets.urls.length, share) * requestsOfServer(targets);

function orderOf({ measurement, seed }: RunSettings, requests: readonly InferRequest[]): RequestOrder {
  if (measurement.detectsCache) return cacheTestOrder(differentRequests(requests));
  return measurement.scenario === undefined
    ? inTurn(requests.length)
    : drawn(requests.length, deriveSeed(seed, 'samples'));
}

function outputTexts({ outputLimitBytes, shared }: PathPlan): OutputTexts | undefined {
  if (outputLimitBytes === undefined) return undefined;
  const sharedBytes = Math.max(0, ...new Set(shared?.[0]?.layouts.map(({ byteSize }) => byteSize)));
  const isOutside = sharedBytes > outputLimitBytes; // in no answer, and too large
  return { limitBytes: isOutside ? 0 : outputLimitBytes, textOf: tensorValuesText };
}
