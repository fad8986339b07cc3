import type { ConnectionOptions, HeaderField } from '../../client/connection.js';
import { PerfError } from '../../core/perf-error.js';
import type { WireSettings } from '../../core/run-settings.js';
import type { Protocol } from '../connect.js';
import { badFlag, oneOf } from './parse.js';

const text = { type: 'string', requiresArg: true, group: 'Request:' } as const;

/** The flags that say how requests travel. */
export const wireFlags = {
  H: {
    ...text,
    alias: 'header',
    array: true,
    default: [] as string[],
    describe: 'Header or gRPC metadata of every request, Name:Value (repeatable)',
  },
  'request-parameter': {
    ...text,
    array: true,
    default: [] as string[],
    describe: 'Parameter of every inference, name:value:type with type bool, int, double or string (repeatable)',
  },
  'input-tensor-format': { ...text, default: 'binary', describe: 'Inputs over HTTP: binary or json' },
  'output-tensor-format': { ...text, default: 'binary', describe: 'Outputs over HTTP: binary or json' },
  'grpc-compression-algorithm': {
    ...text,
    default: 'none',
    describe: 'Compression of requests and answers over gRPC: none, gzip, deflate',
  },
  'http-compression': {
    ...text,
    default: 'none',
    describe: 'Compression of requests and answers over HTTP: none, gzip, deflate',
  },
} as const;

/** Those of them that may be repeated, as yargs names them. */
export const repeatableWireFlags = ['H', 'header', 'request-parameter', 'requestParameter'];

export interface WireFlags {
  readonly H: readonly string[];
  readonly requestParameter: readonly string[];
  readonly inputTensorFormat: string;
  readonly outputTensorFormat: string;
  readonly grpcCompressionAlgorithm: string;
  readonly httpCompression: string;
}

/** @throws PerfError `usage` */
export function wireSettings(flags: WireFlags, protocol: Protocol): WireSettings {
  const formats = ['binary', 'json'] as const;
  return {
    headerNames: parseHeaders(flags.H, protocol).map(([name]) => name),
    requestParameters: Object.fromEntries(flags.requestParameter.map(parseParameter)),
    inputFormat: choose('--input-tensor-format', flags.inputTensorFormat, formats, { needs: 'http', protocol }),
    outputFormat: choose('--output-tensor-format', flags.outputTensorFormat, formats, { needs: 'http', protocol }),
    compression: compressionOf(flags, protocol),
  };
}

/** @throws PerfError `usage` */
export const connectionOptions = (flags: WireFlags, protocol: Protocol): ConnectionOptions => ({
  headers: parseHeaders(flags.H, protocol),
});

function compressionOf(flags: WireFlags, protocol: Protocol): WireSettings['compression'] {
  const choices = ['none', 'gzip', 'deflate'] as const;
  const grpc = choose('--grpc-compression-algorithm', flags.grpcCompressionAlgorithm, choices, {
    needs: 'grpc',
    protocol,
  });
  const http = choose('--http-compression', flags.httpCompression, choices, { needs: 'http', protocol });
  return protocol === 'http' ? http : grpc;
}

/** A choice that only one protocol has: with the other it must be the first. */
function choose<const Choice extends string>(
  flag: string,
  text: string,
  choices: readonly [Choice, ...Choice[]],
  { needs, protocol }: { readonly needs: Protocol; readonly protocol: Protocol },
): Choice {
  const choice = oneOf(flag, text.toLowerCase(), choices);
  if (protocol !== needs && choice !== choices[0]) {
    throw new PerfError(
      'usage',
      `Cannot use ${flag} ${text} over ${protocol}: expected -i ${needs}, got -i ${protocol}`,
    );
  }
  return choice;
}

/** What frames a request is not for the user to say. */
const framing: Readonly<Record<Protocol, RegExp>> = {
  http: /^(content-length|content-encoding|transfer-encoding|connection|expect|upgrade|inference-header-content-length)$/i,
  grpc: /^(content-type|te|connection|grpc-.*)$/i,
};

function parseHeaders(texts: readonly string[], protocol: Protocol): HeaderField[] {
  return texts.map((text) => {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+): *([ -~]*)$/.exec(text) ?? [];
    if (name === '') throw badFlag('-H', 'Name:Value in ASCII, such as Authorization:token', text);
    if (protocol === 'grpc' && /-bin$/i.test(name) && !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
      throw badFlag('-H', `a value in base64 for the binary metadata ${name}`, text);
    }
    if (framing[protocol].test(name)) throw badFlag('-H', 'a header that does not frame the request', text);
    return [name, value.trimEnd()];
  });
}

type Parameter = boolean | number | string;

const parameterTypes: Readonly<Record<string, (text: string) => Parameter | undefined>> = {
  bool: (text) => ({ true: true, '1': true, false: false, '0': false })[text.toLowerCase()],
  int: (text) => (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
  double: (text) => (text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined),
  string: (text) => text,
};

/** The first colon ends the name and the last one the value, so that values may hold colons. */
function parseParameter(text: string): [name: string, value: Parameter] {
  const [, name = '', value = '', type = ''] = /^([^:]+):(.*):([^:]+)$/s.exec(text) ?? [];
  const read = parameterTypes[type.toLowerCase()];
  if (read === undefined) {
    throw badFlag('--request-parameter', 'name:value:type with type bool, int, double or string', text);
  }
  const parsed = read(value);
  if (parsed === undefined) throw badFlag('--request-parameter', `a value of type ${type}`, text);
  return [name, parsed];
}
