import type { Datatype } from '../protocol/datatype.js';
import { type Element, elementCodecs, type FixedDatatype } from '../protocol/element-codec.js';
import type { RequestedOutput } from '../protocol/infer.js';
import { elementCount, packBytes, rawByteSize, type Tensor } from '../protocol/tensor.js';
import { RefusalError } from './refusal.js';

/** More scores than this in one output are no classes. */
const maxScores = 1_000_000;
/** Up to so many classes are picked in one pass over the scores; for more of them all are sorted. */
const fewClasses = 64;

const notClassifiable: ReadonlySet<Datatype> = new Set(['BOOL', 'BYTES', 'FP16', 'BF16']);

export interface ClassificationOptions {
  /** At most so many classes, from the highest score down. */
  readonly classCount: number;
  /** Whether the first dimension is the batch: then each row has classes of its own. */
  readonly isBatching: boolean;
  readonly labels: readonly string[] | undefined;
}

/**
 * How many classes a request wants of an output (v2 protocol, 5 "classification"); 0 = the output as it is.
 *
 * @throws RefusalError when it is no number of classes, or the output holds no scores
 */
export function classCountOf({ name, parameters }: RequestedOutput, datatype: Datatype): number {
  const count = parameters.get('classification') ?? 0;
  if (count === 0) return 0;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) {
    throw invalid(`parameter 'classification' of output '${name}' must be an unsigned integer, got '${count}'`);
  }
  if (notClassifiable.has(datatype)) {
    throw invalid(`class result not available for output due to unsupported type '${datatype}'`);
  }
  return count;
}

/**
 * An output of scores as BYTES `value:index` or `value:index:label`, highest first; of equal scores the first comes
 * first, and NaN last.
 *
 * @throws RefusalError for more than a million scores
 */
export function classify(output: Tensor, { classCount, isBatching, labels }: ClassificationOptions): Tensor {
  const { name, shape, datatype } = output;
  const rows = isBatching ? (shape[0] ?? 1) : 1;
  const scoresOfRow = elementCount(isBatching ? shape.slice(1) : shape);
  if (rows * scoresOfRow > maxScores) {
    throw invalid(`class result not available for output '${name}' of more than ${maxScores} elements`);
  }
  const scores = scoresOf(output);
  const taken = Math.min(classCount, scoresOfRow);
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const own = scores.slice(row * scoresOfRow, (row + 1) * scoresOfRow);
    for (const index of largest(own, taken)) texts.push(classText(own[index] ?? 0, { index, labels, datatype }));
  }
  return { name, datatype: 'BYTES', shape: isBatching ? [rows, taken] : [taken], data: packBytes(texts) };
}

const invalid = (message: string): RefusalError => new RefusalError('invalid-argument', message);

type Score = Exclude<Element, boolean>;

function scoresOf({ datatype, shape, data }: Tensor): Score[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const { read } = elementCodecs[datatype as FixedDatatype];
  const sizeBytes = rawByteSize(datatype, []) ?? 1;
  return Array.from({ length: elementCount(shape) }, (_, index) => read(view, index * sizeBytes) as Score);
}

/** Indices of the largest scores, largest first. */
function largest(scores: readonly Score[], count: number): number[] {
  const order = (left: number, right: number) => descending(scores[left] ?? 0, scores[right] ?? 0) || left - right;
  if (count > fewClasses) {
    return Array.from(scores, (_, index) => index)
      .sort(order)
      .slice(0, count);
  }
  const best: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    const last = best[count - 1];
    if (last !== undefined && order(index, last) > 0) continue;
    const at = best.findIndex((other) => order(index, other) < 0);
    best.splice(at === -1 ? best.length : at, 0, index);
    best.length = Math.min(best.length, count);
  }
  return best;
}

function descending(left: Score, right: Score): number {
  if (left > right) return -1;
  if (left < right) return 1;
  return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
}

function classText(
  score: Score,
  { index, labels, datatype }: { index: number; labels: readonly string[] | undefined; datatype: Datatype },
): string {
  const value = datatype === 'FP32' || datatype === 'FP64' ? sixDecimals(Number(score)) : String(score);
  const label = labels?.[index] ?? '';
  return label === '' ? `${value}:${index}` : `${value}:${index}:${label}`;
}

/** As C prints `%f`, from which `toFixed` differs for -0, ties and large numbers. */
function sixDecimals(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.000000';
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}.000000`;
  const isTie = Math.abs(value * 128) % 2 === 1; // 7 decimals exactly, the last of them 5
  const cut = isTie ? value.toFixed(7).slice(0, -1) : '';
  return isTie && Number(cut.at(-1)) % 2 === 0 ? cut : value.toFixed(6);
}
