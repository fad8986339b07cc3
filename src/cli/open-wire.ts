import type { Compression } from '../../analyzer/wire/compression.js';
import { mapDistinct } from '../../analyzer/wire/map-distinct.js';
import { unmarked } from '../../analyzer/wire/sequence-marks.js';
import type { OpenTransport } from '../../analyzer/wire/transport.js';
import type { ConnectionOptions } from '../client/connection.js';
import type { Clock } from '../core/clock.js';
import { PerfError } from '../core/perf-error.js';
import type { RunSettings } from '../core/run-settings.js';
import type { InferRequest, InferResponse } from '../protocol/infer.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { addressOf, originOf, type Protocol } from './connect.js';

/** Where requests go, and what they are. */
export interface Wire {
  readonly url: string;
  readonly connection: ConnectionOptions;
  readonly requests: readonly InferRequest[];
  readonly clock: Clock;
  /** The model may answer a request any number of times. */
  readonly isDecoupled: boolean;
}

/** What the bytes of a protocol mean, there and back. */
export interface WireFormat {
  /**
   * Encodes all requests.
   *
   * @throws PerfError `usage` when the data cannot travel as asked for
   */
  open(settings: RunSettings, wire: Wire): OpenTransport;
  decode(answer: WireAnswer): InferResponse;
}

export interface WireAnswer {
  readonly body: Buffer;
  readonly headerLength: number | undefined;
  /** Outputs that are not in it. */
  readonly shared: ReadonlySet<string> | undefined;
}

/** The one place that names both transports. It loads only the one that is used, since every thread that sends does that. */
export async function loadWireFormat(protocol: Protocol): Promise<WireFormat> {
  if (protocol === 'http') {
    const { http1Transport } = await import('../../analyzer/wire/http1/http1-transport.js');
    const { decodeInferResponse } = await import('../protocol/http-infer.js');
    return {
      open: openWith(({ url, wire, compression, ...target }) => {
        const form = { formats: { inputs: wire.inputFormat, outputs: wire.outputFormat }, compression };
        return http1Transport({ ...target, origin: originOf(url), form });
      }),
      decode: ({ body, headerLength, shared }) => decodeInferResponse({ body, headerLength }, shared),
    };
  }
  const { http2Transport } = await import('../../analyzer/wire/http2/http2-transport.js');
  const { decodeModelInferResponse } = await import('../protocol/grpc-infer.js');
  return {
    open: openWith(({ url, wire, isDecoupled, ...target }) => {
      const streaming = wire.streaming ? { isDecoupled } : undefined;
      return http2Transport({ ...target, address: addressOf(url), streaming });
    }),
    decode: ({ body, shared }) => decodeModelInferResponse(body, shared),
  };
}

/** What the wires of both protocols take. */
interface WireTarget extends Omit<Wire, 'connection'>, ConnectionOptions {
  readonly requestTimeoutMs: number | undefined;
  readonly wire: RunSettings['wire'];
  readonly compression: Compression | undefined;
}

const openWith =
  (transport: (target: WireTarget) => OpenTransport): WireFormat['open'] =>
  ({ wire, requestTimeoutMs, sequences }, { connection, requests, ...place }) => {
    const parametrised = mapDistinct(requests, (request) => ({
      ...request,
      parameters: new Map([
        ...(sequences === undefined ? [] : unmarked),
        ...request.parameters,
        ...Object.entries(wire.requestParameters),
      ]),
    }));
    const compression = wire.compression === 'none' ? undefined : wire.compression;
    const target = { ...connection, ...place, requests: parametrised, requestTimeoutMs, wire, compression };
    try {
      return transport(target);
    } catch (cause) {
      if (!(cause instanceof ProtocolError)) throw cause;
      throw new PerfError('usage', `Cannot use --input-tensor-format ${wire.inputFormat}: ${whyNot(cause, requests)}`, {
        cause,
      });
    }
  };

/** What has no JSON form, in our own words: those of the protocol are for a server. */
function whyNot({ message }: ProtocolError, requests: readonly InferRequest[]): string {
  const input = requests
    .flatMap(({ inputs }) => inputs)
    .find(({ datatype }) => datatype === 'FP16' || datatype === 'BF16');
  return input === undefined ? message : `expected inputs that JSON can hold, got ${input.datatype} '${input.name}'`;
}
