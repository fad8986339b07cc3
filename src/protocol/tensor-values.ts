import { type Datatype, datatypeFacts } from './datatype.js';
import { type Element, elementCodecs } from './element-codec.js';
import { type Tensor, unpackBytes } from './tensor.js';

/**
 * Tensors by name as a JSON object to read, not to send: one element is a value, several are a flat list in row-major order, none
 * is an empty string. Strings are text, 64-bit integers have all their digits, and numbers that JSON does not have are null.
 *
 * @throws ProtocolError when strings are cut short
 */
export const tensorValuesText = (tensors: readonly Tensor[]): string =>
  `{${tensors.map((tensor) => `${JSON.stringify(tensor.name)}:${valueText(tensor)}`).join(',')}}`;

function valueText({ name, datatype, data }: Tensor): string {
  const texts = datatype === 'BYTES' ? stringTexts(data, name) : numberTexts(data, datatype);
  const [first = '""'] = texts;
  return texts.length > 1 ? `[${texts.join(',')}]` : first;
}

const stringTexts = (data: Uint8Array, name: string): string[] =>
  unpackBytes(data, name).map((element) => JSON.stringify(decoder.decode(element)));

const decoder = new TextDecoder('utf-8', { ignoreBOM: true }); // Which keeps it.

function numberTexts(data: Uint8Array, datatype: Exclude<Datatype, 'BYTES'>): string[] {
  const { read } = elementCodecs[datatype];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  return Array.from({ length: Math.floor(data.length / step) }, (_, index) => elementText(read(view, index * step)));
}

const elementText = (value: Element): string =>
  typeof value !== 'number' || Number.isFinite(value) ? String(value) : 'null';
