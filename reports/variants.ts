import type { OutputAccuracy, Variant, VariantsResult, VariantTiming } from '../src/core/variants-result.js';
import { formatTable, type TextColumn } from './table.js';

/** One variant at one batch size; without a timing when it was refused. */
export interface VariantRow {
  readonly variant: Variant;
  readonly timing?: VariantTiming;
}

/** Variants by batch size, those that were refused at the end of each. */
export function variantRows({ variants }: VariantsResult): VariantRow[] {
  const batches = variants[0]?.timings.map(({ batch }) => batch) ?? [];
  const timed = batches.flatMap((batch) =>
    variants.flatMap((variant) => {
      const timing = variant.timings.find((each) => each.batch === batch);
      return timing === undefined ? [] : [{ variant, timing }];
    }),
  );
  return [...timed, ...variants.filter(({ refusal }) => refusal !== undefined).map((variant) => ({ variant }))];
}

type Worst = (...values: number[]) => number;

/** The worst of a variant's outputs; `undefined` when none has it. */
export function worstOf(
  { accuracy }: Variant,
  pick: (output: OutputAccuracy) => number | undefined,
  choose: Worst,
): number | undefined {
  const values = accuracy.flatMap((output) => pick(output) ?? []);
  return values.length === 0 ? undefined : choose(...values);
}

const percent = (share: number | undefined, digits: number): string | undefined =>
  share === undefined ? undefined : `${(share * 100).toFixed(digits)} %`;

const megabytes = (bytes: number | undefined): number | undefined => (bytes === undefined ? undefined : bytes / 1e6);

const columns: readonly TextColumn<VariantRow>[] = [
  { title: 'batch', value: ({ timing }) => timing?.batch },
  { title: 'precision', value: ({ variant }) => variant.precision, align: 'left' },
  { title: 'ms', value: ({ timing }) => timing?.latencyMs, digits: 3, significant: 4 },
  { title: 'infer/s', value: ({ timing }) => timing?.throughput, digits: 2, significant: 4 },
  { title: 'speed-up (95 %)', value: ({ timing }) => speedupText(timing) },
  { title: 'file MB', value: ({ variant }) => megabytes(variant.sizeBytes), digits: 3, significant: 4 },
  { title: 'peak MB', value: ({ timing }) => megabytes(timing?.peakMemoryBytes) },
  {
    title: 'cosine',
    value: ({ variant }) => worstOf(variant, ({ cosine, equal }) => cosine ?? equal, Math.min),
    digits: 5,
  },
  {
    title: 'rel RMSE',
    value: ({ variant }) =>
      percent(
        worstOf(variant, (each) => each.relativeRmse, Math.max),
        2,
      ),
  },
  {
    title: 'top-1',
    value: ({ variant }) =>
      percent(
        worstOf(variant, ({ top1 }) => top1, Math.min),
        1,
      ),
  },
  {
    title: 'top-5',
    value: ({ variant }) =>
      percent(
        worstOf(variant, ({ top5 }) => top5, Math.min),
        1,
      ),
  },
];

function speedupText(timing: VariantTiming | undefined): string | undefined {
  if (timing?.speedup === undefined) return undefined;
  const { value, low, high } = timing.speedup;
  return `${value.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

/** The table for the terminal, and below it what was refused, what was kept, and what does not help. */
export function formatVariants(result: VariantsResult): string {
  const { model, modelPath, machine, threads, samples, limits, variants, weightBits } = result;
  const wanted = limits.map(({ metric, min, max }) => {
    const bounds = [min === undefined ? '' : ` >= ${min}`, max === undefined ? '' : ` <= ${max}`];
    return `${metric}${bounds.join('')}`;
  });
  const cores = threads === 1 ? '1 thread' : `${threads} threads`;
  const lines = variants.flatMap(({ precision, refusal, notes }) => [
    ...(refusal === undefined ? [] : [`${precision}: REFUSED, ${refusal}`]),
    ...notes.map((note) => `${precision}: ${note}`),
  ]);
  return [
    `Variants of ${model} (${modelPath})`,
    `on ${machine.cpuModel}, ${cores}, int8 weights of ${weightBits} bits`,
    `accuracy against the original on ${samples} samples; a variant must keep ${wanted.join(', ') || 'no limit'}`,
    '',
    formatTable(columns, variantRows(result)),
    ...(lines.length === 0 ? [] : ['', ...lines]),
  ].join('\n');
}
