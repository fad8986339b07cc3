import { PerfError } from '../core/perf-error.js';
import { type EncodedModel, encodeInParts } from './encode-model.js';
import type { ModelProto, TensorProto } from './model-proto.js';

/** A protobuf message holds no more, and so no ONNX file. */
export const longestFile = 2 ** 31 - 1;

/** One of the files that a model consists of. */
export interface EncodedFile extends EncodedModel {
  readonly name: string;
}

/** Smaller constants stay in the model: shapes, axes and scales among them. */
const smallestApart = 1024;
/** No piece is longer: the system does not write 2 GiB at once. */
const pieceBytes = 2 ** 26;
/** ONNX, External data: offsets of whole pages can be mapped into memory. */
const pageBytes = 4096;

/** The file beside a model that holds its weights. */
export const dataFileOf = (name: string): string => `${name}.data`;

/**
 * The files of a model, that of the graph last. A model that is too long for one file has its weights in another one beside
 * it, in their order.
 *
 * @param name of the file of the graph
 * @throws PerfError `model` for one that is too long even without its weights
 */
export function encodeFiles(model: ModelProto, name: string, longest = longestFile): readonly EncodedFile[] {
  const whole = encodeInParts({ model, deferred: [] });
  if (whole.sizeBytes <= longest) return [{ name, ...whole }];
  const { head, data } = splitWeights(model, dataFileOf(name));
  const encoded = encodeInParts({ model: head, deferred: [] });
  if (encoded.sizeBytes > longest) {
    throw new PerfError(
      'model',
      `Cannot write ${name}: expected at most ${longest} bytes without the weights of its main graph, got ${encoded.sizeBytes}`,
    );
  }
  return [data, { name, ...encoded }];
}

function splitWeights(model: ModelProto, name: string): { readonly head: ModelProto; readonly data: EncodedFile } {
  const placed: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  let end = 0;
  const initializer = model.graph.initializer.map((tensor): TensorProto => {
    const { rawData: bytes, ...rest } = tensor;
    if (bytes === undefined || bytes.length < smallestApart) return tensor;
    const offset = Math.ceil(end / pageBytes) * pageBytes;
    placed.push({ offset, bytes });
    end = offset + bytes.length;
    const entries = { location: name, offset: String(offset), length: String(bytes.length) };
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    return { ...rest, externalData, dataLocation: 1 };
  });
  const parts = function* (): Generator<Uint8Array, void> {
    let at = 0;
    for (const { offset, bytes } of placed) {
      yield new Uint8Array(offset - at);
      for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes);
      at = offset + bytes.length;
    }
  };
  return { head: { ...model, graph: { ...model.graph, initializer } }, data: { name, sizeBytes: end, parts } };
}
