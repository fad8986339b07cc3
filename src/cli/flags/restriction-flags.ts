import { PerfError } from '../../core/perf-error.js';
import {
  type RequiredHeader,
  type RestrictedApi,
  type Restrictions,
  restrictedApis,
} from '../../server/restricted-apis.js';

/** Triton's gRPC front end looks for `<key>` under this prefix. */
const grpcPrefix = 'triton-grpc-protocol-';

/** @throws PerfError `usage` that names the flag and what of it is not understood */
export const httpRestrictions = (values: readonly string[]): Restrictions =>
  restrictions('--http-restricted-api', values, '');

/** @throws PerfError `usage` that names the flag and what of it is not understood */
export const grpcRestrictions = (values: readonly string[]): Restrictions =>
  restrictions('--grpc-restricted-protocol', values, grpcPrefix);

/** Each value is `API[,API...]:KEY=VALUE`. */
function restrictions(flag: string, values: readonly string[], prefix: string): Restrictions {
  const restricted = new Map<RestrictedApi, RequiredHeader>();
  for (const text of values) {
    const [, list = '', key = '', value = ''] = /^([^:]+):([\w!#$%&'*+.^`|~-]+)=(.+)$/.exec(text) ?? [];
    if (list === '') throw unreadable(flag, 'API[,API...]:HEADER=VALUE', text);
    for (const name of list.split(',')) {
      const api = restrictedApis.find((known) => known === name);
      if (api === undefined) throw unreadable(flag, `one of ${restrictedApis.join(', ')}`, name);
      if (restricted.has(api)) throw unreadable(flag, 'each API once', `${api} twice`);
      restricted.set(api, { name: prefix + key, value });
    }
  }
  return restricted;
}

const unreadable = (flag: string, expected: string, got: string): PerfError =>
  new PerfError('usage', `Cannot use ${flag}: expected ${expected}, got '${got}'`);
