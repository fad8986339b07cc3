import type { OutputAccuracy, Variant, VariantsResult, VariantTiming } from '../src/core/variants-result.js';
import type { Column, Unit } from './column.js';
import { formatTable } from './table.js';

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

const megabytes = (bytes: number | undefined): number | undefined => (bytes === undefined ? undefined : bytes / 1e6);

/** What every format shows of a row. */
const variantColumns: readonly Column<VariantRow>[] = [
  { ...named('batch', 'batch size'), value: ({ timing }) => timing?.batch },
  { ...named('precision', 'precision'), value: ({ variant }) => variant.precision, align: 'left' },
  { ...named('ms', 'latency', 'ms'), value: ({ timing }) => timing?.latencyMs, digits: 3, significant: 4 },
  {
    ...named('infer/s', 'throughput', 'infer/s'),
    value: ({ timing }) => timing?.throughput,
    digits: 2,
    significant: 4,
  },
  { ...named('speed-up (95 %)', 'speed-up (95 %)'), value: ({ timing }) => speedupText(timing) },
  {
    ...named('file MB', 'file', 'MB'),
    value: ({ variant }) => megabytes(variant.sizeBytes),
    digits: 3,
    significant: 4,
  },
  { ...named('load ms', 'loading', 'ms'), value: ({ variant }) => variant.loadMs, digits: 1, significant: 3 },
  { ...named('peak MB', 'peak memory', 'MB'), value: ({ timing }) => megabytes(timing?.peakMemoryBytes), digits: 0 },
  {
    ...named('cosine', 'cosine'),
    value: ({ variant }) => worstOf(variant, ({ cosine, equal }) => cosine ?? equal, Math.min),
    digits: 5,
  },
  {
    ...named('rel RMSE', 'relative RMSE'),
    value: ({ variant }) => percentText(variant, (each) => each.relativeRmse, { worst: Math.max, digits: 2 }),
  },
  {
    ...named('top-1', 'top-1'),
    value: ({ variant }) => percentText(variant, ({ top1 }) => top1, { worst: Math.min, digits: 1 }),
  },
  {
    ...named('top-5', 'top-5'),
    value: ({ variant }) => percentText(variant, ({ top5 }) => top5, { worst: Math.min, digits: 1 }),
  },
];

/** With what the user's module says, where there is one. */
export function variantColumnsOf({ verify }: VariantsResult): readonly Column<VariantRow>[] {
  const verified: Column<VariantRow> = {
    ...named('verified', 'verified'),
    value: ({ variant }) => (variant.verified === undefined ? undefined : `${(variant.verified * 100).toFixed(2)} %`),
  };
  return verify === undefined ? variantColumns : [...variantColumns, verified];
}

function named(title: string, name: string, unit: Unit = ''): Pick<Column<never>, 'key' | 'title' | 'name' | 'unit'> {
  return { key: name, title, name, unit };
}

function percentText(
  variant: Variant,
  pick: (output: OutputAccuracy) => number | undefined,
  { worst, digits }: { readonly worst: Worst; readonly digits: number },
): string | undefined {
  const share = worstOf(variant, pick, worst);
  return share === undefined ? undefined : `${(share * 100).toFixed(digits)} %`;
}

export function speedupText(timing: VariantTiming | undefined): string | undefined {
  if (timing?.speedup === undefined) return undefined;
  const { value, low, high } = timing.speedup;
  return `${value.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

/** The table for the terminal, and below it what was refused, what was kept, and what does not help. */
export function formatVariants(result: VariantsResult): string {
  const { model, modelPath, machine, threads, variants, weightBits } = result;
  const cores = threads === 1 ? '1 thread' : `${threads} threads`;
  const lines = variants.flatMap(({ precision, refusal, notes }) => [
    ...(refusal === undefined ? [] : [`${precision}: REFUSED, ${refusal}`]),
    ...notes.map((note) => `${precision}: ${note}`),
  ]);
  return [
    `Variants of ${model} (${modelPath})`,
    `on ${machine.cpuModel}, ${cores}, int8 weights of ${weightBits} bits`,
    accuracyText(result),
    '',
    formatTable(variantColumnsOf(result), variantRows(result)),
    ...(lines.length === 0 ? [] : ['', ...lines]),
  ].join('\n');
}

/** What accuracy is judged on. */
export function accuracyText(result: VariantsResult): string {
  const { samples, verify } = result;
  const verified = verify && `, and of ${verify.samples} inferences by ${verify.module}`;
  return `accuracy against the original on ${samples} samples${verified ?? ''}; a variant must keep ${limitTexts(result)}`;
}

/** The limits that variants are held to. */
function limitTexts({ limits }: VariantsResult): string {
  const texts = limits.map(({ metric, min, max }) => {
    const bounds = [min === undefined ? '' : ` >= ${min}`, max === undefined ? '' : ` <= ${max}`];
    return `${metric}${bounds.join('')}`;
  });
  return texts.join(', ') || 'no limit';
}
