import type { VariantsResult } from '../src/core/variants-result.js';
import { csvText } from './csv-text.js';
import { type VariantRow, variantRows, worstOf } from './variants.js';

const columns: readonly (readonly [title: string, value: (row: VariantRow) => string | number | undefined])[] = [
  ['precision', ({ variant }) => variant.precision],
  ['batch', ({ timing }) => timing?.batch],
  ['latency_ms', ({ timing }) => timing?.latencyMs],
  ['throughput', ({ timing }) => timing?.throughput],
  ['speedup', ({ timing }) => timing?.speedup?.value],
  ['speedup_low', ({ timing }) => timing?.speedup?.low],
  ['speedup_high', ({ timing }) => timing?.speedup?.high],
  ['file_bytes', ({ variant }) => variant.sizeBytes],
  ['load_ms', ({ variant }) => variant.loadMs],
  ['peak_memory_bytes', ({ timing }) => timing?.peakMemoryBytes],
  ['accuracy_cosine', ({ variant }) => worstOf(variant, ({ cosine, equal }) => cosine ?? equal, Math.min)],
  ['accuracy_rel_rmse', ({ variant }) => worstOf(variant, ({ relativeRmse }) => relativeRmse, Math.max)],
  ['accuracy_max_error', ({ variant }) => worstOf(variant, ({ largestError }) => largestError, Math.max)],
  ['accuracy_top1', ({ variant }) => worstOf(variant, ({ top1 }) => top1, Math.min)],
  ['accuracy_top5', ({ variant }) => worstOf(variant, ({ top5 }) => top5, Math.min)],
  ['accuracy_verify', ({ variant }) => variant.verified],
  ['converted', ({ variant }) => variant.converted],
  ['kept', ({ variant }) => variant.kept.length],
  ['refusal', ({ variant }) => variant.refusal],
];

/** A row for each variant and batch size; a variant that was refused has one, without times. */
export function formatVariantsCsv(result: VariantsResult): string {
  const rows = variantRows(result).map((row) => [result.model, ...columns.map(([, value]) => value(row) ?? '')]);
  return csvText([['model', ...columns.map(([title]) => title)], ...rows]);
}
