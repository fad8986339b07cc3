import { gzipSync } from 'node:zlib';
import type { Random } from '../../src/core/random.js';
import { flags, frame, frameTypes } from '../../src/http2/frame.js';
import { encodeBlock } from '../../src/http2/hpack/hpack-encode.js';
import { connectionPreface, rstStream, settingsFrame, windowUpdate } from '../../src/http2/settings.js';
import { encodeModelInferRequest } from '../../src/protocol/grpc-infer.js';
import { messageType, serviceOf } from '../../src/protocol/schema.js';
import { simpleRequest } from '../server/live-service.js';
import { anyBytes, chance, damaged, upTo } from './random-bytes.js';
import { pick } from './script.js';

const inference = serviceOf('inference.GRPCInferenceService');
const rpcs = inference.methodsArray.map(({ name }) => name);
const otherPaths = [
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/inference.GRPCInferenceService/Nothing',
  '/constructor/__proto__',
  '',
  '*',
];

const right = encodeModelInferRequest(simpleRequest(1));

/** What a client says first: nearly always the right thing. */
export function drawGreeting(random: Random): Buffer {
  const settings = chance(random, 0.8) ? [] : [[upTo(random, 8), upTo(random, 2 ** 31)] as const];
  const greeting = Buffer.concat([Buffer.from(connectionPreface), settingsFrame(settings)]);
  return chance(random, 0.03) ? damaged(random, greeting) : greeting;
}

/** Frames of one call, from right to nonsense. */
export function drawGrpcCall(random: Random, streamId: number): Buffer {
  const frames = chance(random, 0.85) ? call(random, streamId) : [anyFrame(random, streamId)];
  if (chance(random, 0.1)) frames.splice(upTo(random, frames.length), 0, anyFrame(random, streamId));
  const bytes = Buffer.concat(frames);
  return chance(random, 0.08) ? damaged(random, bytes) : bytes;
}

function call(random: Random, streamId: number): Buffer[] {
  const rpc = chance(random, 0.5) ? 'ModelInfer' : pick(random, rpcs);
  const path = chance(random, 0.9) ? `/inference.GRPCInferenceService/${rpc}` : pick(random, otherPaths);
  const headers = frame(frameTypes.headers, flags.endHeaders, streamId, drawHead(random, path));
  const messages = Array.from({ length: chance(random, 0.9) ? 1 : upTo(random, 3) }, () => drawMessage(random, rpc));
  const ends = chance(random, 0.9) ? flags.endStream : 0;
  const data = messages.map((bytes, index) =>
    frame(frameTypes.data, index === messages.length - 1 ? ends : 0, streamId, bytes),
  );
  return [headers, ...data, ...(chance(random, 0.05) ? [rstStream(streamId, upTo(random, 15))] : [])];
}

function drawHead(random: Random, path: string): Uint8Array {
  const fields: [string, string][] = [
    [':method', chance(random, 0.97) ? 'POST' : 'GET'],
    [':scheme', 'http'],
    [':path', path],
    ['te', 'trailers'],
    ['content-type', chance(random, 0.97) ? 'application/grpc' : 'text/html'],
  ];
  if (chance(random, 0.1)) fields.push(['grpc-timeout', pick(random, ['1m', '0n', '99999999H', 'x', '-1S', '1'])]);
  if (chance(random, 0.1)) fields.push(['grpc-encoding', pick(random, ['gzip', 'deflate', 'br', 'identity', ''])]);
  if (chance(random, 0.05)) fields.push([`x-${'a'.repeat(upTo(random, 9000))}`, 'y']);
  const block = encodeBlock(fields);
  return chance(random, 0.04) ? damaged(random, block) : block;
}

/** A message with its prefix, which may lie. */
function drawMessage(random: Random, rpc: string): Buffer {
  const plain = drawBytes(random, rpc);
  const isCompressed = chance(random, 0.05);
  const bytes = isCompressed && chance(random, 0.7) ? gzipSync(plain) : plain;
  const prefix = Buffer.alloc(5);
  prefix[0] = isCompressed ? 1 : chance(random, 0.98) ? 0 : upTo(random, 255);
  prefix.writeUInt32BE(chance(random, 0.95) ? bytes.length : upTo(random, 2 ** 32 - 1), 1);
  return Buffer.concat([prefix, bytes]).subarray(0, 16_384);
}

function drawBytes(random: Random, rpc: string): Buffer {
  const kind = random();
  if (kind < 0.1) return anyBytes(random, 200);
  const valid = rpc === 'ModelInfer' || rpc === 'ModelStreamInfer' ? Buffer.from(right) : controlMessage(random, rpc);
  return kind < 0.6 ? valid : damaged(random, valid);
}

/** A request of a control call with texts in its first fields. */
function controlMessage(random: Random, rpc: string): Buffer {
  const type = messageType(`inference.${rpc}Request`);
  const known = rpc.startsWith('Repository') ? 'text' : 'simple'; // that which must still serve at the end is not unloaded
  const texts = [known, known, known, 'none', '..', '../x', '1', '-1', 'x', '', '__proto__'];
  const members = type.fieldsArray
    .filter((field) => field.type === 'string' && !field.map && !field.repeated)
    .map(({ name }) => [name, pick(random, texts)]);
  return Buffer.from(type.encode(type.fromObject(Object.fromEntries(members))).finish());
}

function anyFrame(random: Random, streamId: number): Buffer {
  const id = pick(random, [0, streamId, upTo(random, 20), 2 ** 31 - 1]);
  if (chance(random, 0.2)) return windowUpdate(id, upTo(random, 2 ** 31 - 1));
  const bytes = frame(upTo(random, 12), upTo(random, 255), id, anyBytes(random, 60));
  if (chance(random, 0.05)) bytes[0] = upTo(random, 255); // its length lies
  return bytes;
}
