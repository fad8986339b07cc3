import type { Field } from '../../../src/http2/hpack/static-table.js';
import { percentDecoded } from './percent-decoded.js';

/** What counts of the header or trailer fields of a response. */
export interface ResponseFields {
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  /** `grpc-message`, decoded; empty when absent. */
  readonly message: string;
}

/** Reads them from a decoded block. */
export function responseFields(fields: readonly Field[]): ResponseFields {
  const textOf = (wanted: string): string | undefined => fields.find(([name]) => name === wanted)?.[1];
  return {
    httpStatus: integerOf(textOf(':status')),
    grpcStatus: integerOf(textOf('grpc-status')),
    message: percentDecoded(textOf('grpc-message') ?? ''),
  };
}

const integerOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
