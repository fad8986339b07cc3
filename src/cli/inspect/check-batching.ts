import { messageOf } from '../../core/perf-error.js';
import { seededRandom } from '../../core/random.js';
import type { OrtTensor } from '../../onnx/runtime/ort-package.js';
import { compareRows } from './compare-rows.js';
import type { OnnxSession } from './onnx-session.js';
import { joinRows, type SampleInput, sampleInputs } from './sample-inputs.js';

/** A model that is to batch, and the one that computes single requests; both may be the same. */
export interface BatchingPair {
  readonly single: OnnxSession;
  readonly batched: OnnxSession;
  /** As the single model takes them. */
  readonly inputs: readonly SampleInput[];
}

/** What the comparison of a batch with single runs has shown. */
export type BatchingCheck =
  | {
      readonly kind: 'same';
      readonly rows: number;
      readonly largestDifference: number;
      readonly remarks: readonly string[];
    }
  | { readonly kind: 'different'; readonly reasons: readonly string[] };

/** More than two, so that a model that takes a fixed pair does not pass. */
const rows = 3;

/** Kernels add in another order when they have more rows: shares of the largest magnitude. */
const tolerance = { float16: 2e-2, other: 1e-3 };

const toleranceOf = ({ type }: OrtTensor): number => (type === 'float16' ? tolerance.float16 : tolerance.other);

/**
 * Runs a batch of different rows, and each row by itself, and compares all outputs.
 *
 * Resolves with `different` also when the batch cannot be computed. Rejects when single runs cannot.
 */
export async function checkBatching({ single, batched, inputs }: BatchingPair): Promise<BatchingCheck> {
  const random = seededRandom(1);
  const singleInputs = Array.from({ length: rows }, () => sampleInputs(inputs, random));
  const singles: Readonly<Record<string, OrtTensor>>[] = [];
  for (const row of singleInputs) singles.push(await single.run(row));
  const [first = {}] = singleInputs;
  const changing = changingOutput(singles[0] ?? {}, await single.run(first));
  if (changing !== undefined) return { kind: 'different', reasons: [changing] };
  const joined = Object.fromEntries(
    inputs.map(({ name }) => [name, joinRows(singleInputs.flatMap((row) => row[name] ?? []))]),
  );
  let together: Readonly<Record<string, OrtTensor>>;
  try {
    together = await batched.run(joined);
  } catch (error) {
    return { kind: 'different', reasons: [`${rows} rows in one run fail: ${messageOf(error)}`] };
  }
  return verdict(together, singles);
}

/** A model that draws random numbers gives something else each time: nothing can be compared. */
function changingOutput(
  once: Readonly<Record<string, OrtTensor>>,
  again: Readonly<Record<string, OrtTensor>>,
): string | undefined {
  const changing = Object.entries(once).find(([name, output]) => {
    const other = again[name];
    return other === undefined || compareRows(output, [other]).largest > toleranceOf(output);
  });
  return changing && `output '${changing[0]}' is another one each time for the same input: no comparison can prove it`;
}

function verdict(
  together: Readonly<Record<string, OrtTensor>>,
  singles: readonly Readonly<Record<string, OrtTensor>>[],
): BatchingCheck {
  const reasons: string[] = [];
  const remarks: string[] = [];
  let largestDifference = 0;
  for (const [name, output] of Object.entries(together)) {
    const apart = singles.flatMap((outputs) => outputs[name] ?? []);
    const misfit = shapeMisfit(name, output, apart);
    if (misfit !== undefined) {
      reasons.push(misfit);
      continue;
    }
    const { largest, areSinglesDistinct } = compareRows(output, apart);
    if (largest > toleranceOf(output)) {
      reasons.push(
        `output '${name}' of ${rows} rows in one run is not that of ${rows} single runs (it differs by ${largest.toPrecision(2)} of its largest value): rows are mixed`,
      );
    }
    if (!areSinglesDistinct) remarks.push(`output '${name}' was the same for all rows, which proves little`);
    largestDifference = Math.max(largestDifference, largest);
  }
  return reasons.length > 0 ? { kind: 'different', reasons } : { kind: 'same', rows, largestDifference, remarks };
}

function shapeMisfit(name: string, output: OrtTensor, apart: readonly OrtTensor[]): string | undefined {
  const single = apart[0]?.dims ?? [];
  const expected = [rows * (single[0] ?? 0), ...single.slice(1)];
  const isRight = single.length > 0 && expected.join() === output.dims.join();
  if (isRight) return undefined;
  return `output '${name}' of ${rows} rows has shape [${output.dims}], expected [${single.length === 0 ? `${rows}` : expected}]`;
}
