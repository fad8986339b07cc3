import { ProtocolError } from './protocol-error.js';

/** The tensor element types of the v2 protocol. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'BF16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/** The same types as `config.pbtxt` names them. */
export type ConfigDatatype = `TYPE_${Exclude<Datatype, 'BYTES'>}` | 'TYPE_STRING' | 'TYPE_INVALID';

/** The member of `InferTensorContents` that carries a type in a gRPC request; the 16-bit floats have none. */
export type ContentsField =
  | 'bool_contents'
  | 'int_contents'
  | 'int64_contents'
  | 'uint_contents'
  | 'uint64_contents'
  | 'fp32_contents'
  | 'fp64_contents'
  | 'bytes_contents';

interface DatatypeFacts {
  /** Bytes of one element in raw form; `undefined` for BYTES, whose elements carry their own length. */
  readonly sizeBytes: number | undefined;
  readonly contents: ContentsField | undefined;
  /** Inclusive range of integer types. */
  readonly range?: readonly [bigint, bigint];
}

const integer = (bits: number, signed: boolean, contents: ContentsField): DatatypeFacts => {
  const span = 1n << BigInt(signed ? bits - 1 : bits);
  return { sizeBytes: bits / 8, contents, range: [signed ? -span : 0n, span - 1n] };
};

/** Element size, typed gRPC field and range of each type (v2 protocol, "Tensor Data Types"). */
export const datatypeFacts: Readonly<Record<Datatype, DatatypeFacts>> = {
  BOOL: { sizeBytes: 1, contents: 'bool_contents' },
  UINT8: integer(8, false, 'uint_contents'),
  UINT16: integer(16, false, 'uint_contents'),
  UINT32: integer(32, false, 'uint_contents'),
  UINT64: integer(64, false, 'uint64_contents'),
  INT8: integer(8, true, 'int_contents'),
  INT16: integer(16, true, 'int_contents'),
  INT32: integer(32, true, 'int_contents'),
  INT64: integer(64, true, 'int64_contents'),
  FP16: { sizeBytes: 2, contents: undefined },
  BF16: { sizeBytes: 2, contents: undefined },
  FP32: { sizeBytes: 4, contents: 'fp32_contents' },
  FP64: { sizeBytes: 8, contents: 'fp64_contents' },
  BYTES: { sizeBytes: undefined, contents: 'bytes_contents' },
};

export const isDatatype = (text: string): text is Datatype => Object.hasOwn(datatypeFacts, text);

/** @param owner e.g. "input 'X'" @throws ProtocolError for a text that is no datatype */
export function datatypeFrom(text: string, owner: string): Datatype {
  if (isDatatype(text)) return text;
  const names = Object.keys(datatypeFacts).join(', ');
  throw new ProtocolError(`inference ${owner} data-type is '${text.slice(0, 40)}', expected one of ${names}`);
}

export const toConfigDatatype = (datatype: Datatype): ConfigDatatype =>
  datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;

/** The v2 name of a `config.pbtxt` type; `undefined` for TYPE_INVALID and unknown text. */
export function fromConfigDatatype(text: string): Datatype | undefined {
  const name = text === 'TYPE_STRING' ? 'BYTES' : text.replace(/^TYPE_/, '');
  return isDatatype(name) && text.startsWith('TYPE_') ? name : undefined;
}
