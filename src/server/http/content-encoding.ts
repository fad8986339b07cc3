import { promisify } from 'node:util';
import { deflate, gunzip, gzip, inflate } from 'node:zlib';
import { messageOf } from '../../core/perf-error.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { type HttpAnswer, wholeBody } from './answer.js';
import { tooLarge } from './request-body.js';

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;
const encoders = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

/** What this server can read, for `Accept-Encoding` of a refusal. */
export const readableEncodings = Object.keys(decoders).join(', ');

/** Whether bodies with this `Content-Encoding` can be read. */
export const isReadableEncoding = (encoding: string | undefined): boolean =>
  encoding === undefined || encoding === '' || encoding === 'identity' || Object.hasOwn(decoders, encoding);

/**
 * The body without its `Content-Encoding`, never more than `maxBytes` of it.
 *
 * @throws ProtocolError when the body is empty, broken, or larger than allowed once decompressed
 */
export async function decompressed(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding !== 'gzip' && encoding !== 'deflate') return body;
  if (body.length === 0) throw new ProtocolError('nothing to be decompressed');
  try {
    return await decoders[encoding](body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('decompressed body', maxBytes);
    throw new ProtocolError(`failed to decompress the ${encoding} body: ${messageOf(error)}`);
  }
}

/**
 * The answer in the coding that the client likes best; as it is when the client says nothing of what we have, likes it best
 * as it is, there is no body, it is an error, or the answer is not to be compressed.
 *
 * @param accepted value of `Accept-Encoding`
 */
export async function encoded(answer: HttpAnswer, accepted: string | undefined): Promise<HttpAnswer> {
  const coding = accepted === undefined ? undefined : likedBest(accepted);
  if (coding === undefined || answer.body.length === 0 || answer.isIdentity || answer.status !== 200) return answer;
  const body = await encoders[coding](wholeBody(answer));
  return { ...answer, body, tensors: [], headers: { ...answer.headers, 'Content-Encoding': coding } };
}

const knownCodings = ['identity', 'gzip', 'deflate'] as const;

/** As Triton picks it (v2 protocol, 3.6): the greatest weight, and of equal ones what the client names first. */
function likedBest(accepted: string): keyof typeof encoders | undefined {
  let best: (typeof knownCodings)[number] = 'identity';
  let bestWeight = 0;
  for (const item of accepted.toLowerCase().split(',')) {
    const [name = '', weight] = item.split(/;\s*q=/);
    const coding = knownCodings.find((known) => known === name.trim());
    const value = weight === undefined ? 1 : Number(weight);
    if (coding === undefined || !(value > bestWeight)) continue;
    best = coding;
    bestWeight = value;
  }
  return best === 'identity' ? undefined : best;
}
