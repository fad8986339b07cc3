import { randomBytes } from 'node:crypto';
import { checkAnswers } from '../../analyzer/answers/check-answers.js';
import { modelSignature } from '../../analyzer/data/model-signature.js';
import { prepareRequests } from '../../analyzer/data/prepare-requests.js';
import { streamLengths } from '../../analyzer/data/step.js';
import { inTurn, type RequestOrder } from '../../analyzer/load/request-order.js';
import { type SequenceSource, sequenceSource } from '../../analyzer/load/sequence-source.js';
import { placeInSharedMemory, type SharedMemoryRun } from '../../analyzer/shared-memory/place-in-shared-memory.js';
import type { OpenTransport } from '../../analyzer/wire/transport.js';
import type { V2Client } from '../client/v2-client.js';
import type { RunSettings } from '../core/run.js';
import { decodeModelInferResponse } from '../protocol/grpc-infer.js';
import { decodeInferResponse } from '../protocol/http-infer.js';
import type { InferRequest, InferResponse } from '../protocol/infer.js';
import { slotsFor } from './flags/shared-memory.js';
import type { Interrupt } from './interrupt.js';
import type { Target } from './open-target.js';

export interface RequestPathOptions {
  readonly settings: RunSettings;
  readonly target: Target;
  readonly client: V2Client;
  readonly interrupt: Interrupt;
  /** The wire for prepared requests. */
  readonly openWire: (requests: readonly InferRequest[]) => OpenTransport;
}

/** What requests go through on their way, and answers on theirs: data, shared memory, wire, checks. */
export interface RequestPath extends AsyncDisposable {
  readonly open: OpenTransport;
  readonly order: RequestOrder;
  /** Given when requests are sent in sequences. */
  readonly sequences: SequenceSource | undefined;
}

/** @throws PerfError when the data does not suit the model, or the server does not take shared memory */
export async function openRequestPath(options: RequestPathOptions): Promise<RequestPath> {
  const { settings, target, openWire } = options;
  const signature = modelSignature(target.metadata, { ...settings, config: target.config });
  const prepared = prepareRequests({ ...settings, signature });
  const requests = prepared.map(({ request }) => request);
  const shared = await openSharedMemory(requests, signature, options);
  const checks = {
    prepared,
    tolerance: settings.data.tolerance,
    decode: (body: Buffer, headerLength: number | undefined, token: number) => {
      const answer = decodeAnswer(settings, { body, headerLength, shared: shared?.sharedOutputs });
      return shared === undefined ? answer : shared.complete(answer, token);
    },
  };
  const close = async () => shared?.[Symbol.asyncDispose]();
  try {
    const wire = shared === undefined ? openWire(requests) : shared.wrap(openWire(shared.requests));
    return {
      open: checkAnswers(wire, checks),
      order: inTurn(requests.length),
      sequences:
        settings.sequences &&
        sequenceSource({ settings: settings.sequences, streams: streamLengths(prepared), seed: settings.seed }),
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function openSharedMemory(
  requests: readonly InferRequest[],
  signature: ReturnType<typeof modelSignature>,
  { settings, client, interrupt }: RequestPathOptions,
): Promise<SharedMemoryRun | undefined> {
  const { sharedMemory, batchSize, load } = settings;
  if (sharedMemory.kind === 'none') return undefined;
  return placeInSharedMemory(client, {
    runName: `perf-analyze-${process.pid}-${randomBytes(4).toString('hex')}`,
    requests,
    signature,
    batchSize,
    outputBytes: sharedMemory.outputBytes,
    slots: slotsFor(load),
    onAbandon: interrupt.onAbandon,
  });
}

interface Answer {
  readonly body: Buffer;
  readonly headerLength: number | undefined;
  /** Outputs that are not in it. */
  readonly shared: ReadonlySet<string> | undefined;
}

const decodeAnswer = ({ protocol }: RunSettings, { body, headerLength, shared }: Answer): InferResponse =>
  protocol === 'http' ? decodeInferResponse({ body, headerLength }, shared) : decodeModelInferResponse(body, shared);
