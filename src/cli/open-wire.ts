import { http1Transport } from '../../analyzer/wire/http1/http1-transport.js';
import { http2Transport } from '../../analyzer/wire/http2/http2-transport.js';
import { mapDistinct } from '../../analyzer/wire/map-distinct.js';
import { unmarked } from '../../analyzer/wire/sequence-marks.js';
import type { OpenTransport } from '../../analyzer/wire/transport.js';
import type { ConnectionOptions } from '../client/connection.js';
import type { Clock } from '../core/clock.js';
import { PerfError } from '../core/perf-error.js';
import type { RunSettings } from '../core/run-settings.js';
import type { InferRequest } from '../protocol/infer.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { addressOf, originOf } from './connect.js';

/** Where requests go, and what they are. */
export interface Wire {
  readonly url: string;
  readonly connection: ConnectionOptions;
  readonly requests: readonly InferRequest[];
  readonly clock: Clock;
  /** The model may answer a request any number of times. */
  readonly isDecoupled: boolean;
}

/**
 * Encodes all requests for the wire that the settings name. The one place that names both transports.
 *
 * @throws PerfError `usage` when the data cannot travel as asked for
 */
export function openWire(
  { protocol, wire, requestTimeoutMs, sequences }: RunSettings,
  { url, connection, requests, clock, isDecoupled }: Wire,
): OpenTransport {
  const parametrised = mapDistinct(requests, (request) => ({
    ...request,
    parameters: new Map([
      ...(sequences === undefined ? [] : unmarked),
      ...request.parameters,
      ...Object.entries(wire.requestParameters),
    ]),
  }));
  const target = { ...connection, requests: parametrised, clock, requestTimeoutMs };
  const compression = wire.compression === 'none' ? undefined : wire.compression;
  const form = { formats: { inputs: wire.inputFormat, outputs: wire.outputFormat }, compression };
  try {
    return protocol === 'http'
      ? http1Transport({ ...target, origin: originOf(url), form })
      : http2Transport({
          ...target,
          address: addressOf(url),
          compression,
          streaming: wire.streaming ? { isDecoupled } : undefined,
        });
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new PerfError('usage', `Cannot use --input-tensor-format ${wire.inputFormat}: ${whyNot(cause, requests)}`, {
      cause,
    });
  }
}

/** What has no JSON form, in our own words: those of the protocol are for a server. */
function whyNot({ message }: ProtocolError, requests: readonly InferRequest[]): string {
  const input = requests
    .flatMap(({ inputs }) => inputs)
    .find(({ datatype }) => datatype === 'FP16' || datatype === 'BF16');
  return input === undefined ? message : `expected inputs that JSON can hold, got ${input.datatype} '${input.name}'`;
}
