import type { OrtData } from '../../../onnx/runtime/ort-package.js';
import { type Datatype, datatypeFacts } from '../../../protocol/datatype.js';
import { packBytes, unpackBytes } from '../../../protocol/tensor.js';

type ViewConstructor = new (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;

interface ElementType {
  readonly datatype: Datatype;
  /** `undefined` for strings, which are JavaScript strings. FP16 is carried as its bits. */
  readonly view: ViewConstructor | undefined;
}

/** The tensor types of `onnxruntime-node` that the v2 protocol has too. BF16 is missing: the package refuses it. */
const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ['bool', { datatype: 'BOOL', view: Uint8Array }],
  ['uint8', { datatype: 'UINT8', view: Uint8Array }],
  ['uint16', { datatype: 'UINT16', view: Uint16Array }],
  ['uint32', { datatype: 'UINT32', view: Uint32Array }],
  ['uint64', { datatype: 'UINT64', view: BigUint64Array }],
  ['int8', { datatype: 'INT8', view: Int8Array }],
  ['int16', { datatype: 'INT16', view: Int16Array }],
  ['int32', { datatype: 'INT32', view: Int32Array }],
  ['int64', { datatype: 'INT64', view: BigInt64Array }],
  ['float16', { datatype: 'FP16', view: Uint16Array }],
  ['float32', { datatype: 'FP32', view: Float32Array }],
  ['float64', { datatype: 'FP64', view: Float64Array }],
  ['string', { datatype: 'BYTES', view: undefined }],
]);

const byDatatype = new Map([...elementTypes].map(([ortType, { datatype }]) => [datatype, ortType]));

/** The v2 name of an ONNX Runtime type. @throws Error for a type that the protocol does not have */
export function datatypeOf(ortType: string): Datatype {
  const type = elementTypes.get(ortType);
  if (type === undefined) throw new Error(`element type '${ortType}' is not supported`);
  return type.datatype;
}

/** ONNX Runtime's name of a v2 type. @throws Error for BF16 */
export function ortTypeOf(datatype: Datatype): string {
  const ortType = byDatatype.get(datatype);
  if (ortType === undefined) throw new Error(`datatype ${datatype} is not supported by onnxruntime-node`);
  return ortType;
}

/** Views raw elements as ONNX Runtime takes them; only strings are copied. */
export function toOrtData(
  ortType: string,
  raw: { readonly buffer: ArrayBuffer; readonly byteOffset: number; readonly byteLength: number },
): OrtData {
  const type = elementTypes.get(ortType);
  if (type?.view !== undefined) {
    const sizeBytes = datatypeFacts[type.datatype].sizeBytes ?? 1;
    return new type.view(raw.buffer, raw.byteOffset, raw.byteLength / sizeBytes);
  }
  const elements = unpackBytes(new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength), 'string');
  return elements.map((element) => Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString());
}

/** The raw form of a tensor that ONNX Runtime gave: a view of its own memory, or the packed strings. */
export function toRawData(data: OrtData): Uint8Array<ArrayBuffer> {
  if (!ArrayBuffer.isView(data)) {
    const packed = packBytes(data);
    return new Uint8Array(packed.buffer as ArrayBuffer, packed.byteOffset, packed.byteLength);
  }
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}
