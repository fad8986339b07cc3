import { PerfError } from '../src/core/perf-error.js';
import type { ModelDraft } from '../src/onnx/encode-model.js';
import { closestNames } from './closest-names.js';

/** A model that we build ourselves, so that there is something real to measure at once. */
export interface SampleModel {
  readonly name: string;
  /** What it is and what it is good for, one line. */
  readonly description: string;
  /** Of model.onnx. */
  readonly sizeBytes: number;
  /** Of model.onnx, in hexadecimal; changes only when we change the model. */
  readonly sha256: string;
  readonly build: () => Promise<ModelDraft>;
}

/** All sample models, the largest first. */
export const sampleModels: readonly SampleModel[] = [
  {
    name: 'resnet50',
    description: 'ResNet-50 v1.5, image [3,224,224] to 1000 logits: a large CNN, bound by compute',
    sizeBytes: 102_140_621,
    sha256: '6e3bb00a7a43a08851171e1e0e3c333f57fe317fb7d78c12fabbba23f4a7f2f6',
    build: async () => (await import('./resnet50/build.js')).buildResnet50(),
  },
  {
    name: 'text_encoder',
    description: 'transformer encoder of 2 layers, tokens of any length to an embedding [256]',
    sizeBytes: 15_243_667,
    sha256: '9408b9c76bb163e6240ee508aa6c168fb2236e887339757562d18bed73d48dcb',
    build: async () => (await import('./text_encoder/build.js')).buildTextEncoder(),
  },
  {
    name: 'mobilenet_v2',
    description: 'MobileNet v2, image [3,224,224] to 1000 logits: a small CNN',
    sizeBytes: 13_968_953,
    sha256: 'a6166516746c7e40dfcc6f8949a0ed04db6f245b9cd8af249c08831b99e4bfe4',
    build: async () => (await import('./mobilenet_v2/build.js')).buildMobilenetV2(),
  },
  {
    name: 'mlp',
    description: 'fully connected 512-1024-1024-256: bound by memory, so batching pays off',
    sizeBytes: 7_349_850,
    sha256: '1a57ead293720f81800edbdae6081f19e9dde02258124a8d265df46a9a9b1e40',
    build: async () => (await import('./mlp/build.js')).buildMlp(),
  },
  {
    name: 'simple_string',
    description: 'sum and difference of two BYTES [16] that hold decimal integers',
    sizeBytes: 828,
    sha256: '8f3659c91845823078fde2ac7ce2d084397d559d1bf9aeb2b659e6fd3305f816',
    build: async () => (await import('./simple_string/build.js')).buildSimpleString(),
  },
  {
    name: 'simple',
    description: 'sum and difference of two INT32 [16]: next to no compute',
    sizeBytes: 241,
    sha256: 'dbe54e536580dd5c1dd8cc2cc9d11940fb4ff858d5179fc51910a0679708303c',
    build: async () => (await import('./simple/build.js')).buildSimple(),
  },
  {
    name: 'identity_fp32',
    description: 'FP32 of any length, unchanged: the cost of the protocol alone',
    sizeBytes: 153,
    sha256: '4e7a01b73490939de28f67b665eb939f98653fa2f145055fedf70c2cbf6a88c3',
    build: async () => (await import('./identity_fp32/build.js')).buildIdentityFp32(),
  },
];

/**
 * The sample model of that name.
 *
 * @throws PerfError `model` when there is none, with the closest names as a hint
 */
export function findSampleModel(name: string): SampleModel {
  const found = sampleModels.find((model) => model.name === name);
  if (found !== undefined) return found;
  const names = sampleModels.map((model) => model.name);
  const close = closestNames(name, names);
  throw new PerfError('model', `Cannot find the sample model: expected one of ${names.join(', ')}, got '${name}'`, {
    ...(close.length > 0 && { hint: `Did you mean ${close.join(' or ')}?` }),
  });
}
