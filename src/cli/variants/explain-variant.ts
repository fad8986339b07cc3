import type { Variant } from '../../core/variants-result.js';

/** What was said of a variant when it was made, and what it does not help with on this machine, and why, in sentences. */
export function explainVariant(variant: Variant, original: Variant): string[] {
  const { precision, refusal, timings } = variant;
  if (refusal !== undefined) return [];
  const isFaster = timings.some(({ speedup }) => speedup !== undefined && speedup.low > 1);
  const isHalf = precision.startsWith('fp16');
  const notes = [...variant.notes];
  if (timings.length > 0 && !isFaster)
    notes.push(`no speed-up is sure at any batch size${isHalf ? (halfReason[precision] ?? '') : ''}`);
  const [own, other] = [peakOf(variant), peakOf(original)];
  if (own !== undefined && other !== undefined && own >= other) notes.push('needs as much memory as the original');
  const reasons = new Map<string, number>();
  for (const { opType, reason } of variant.kept) {
    const key = `${opType}: ${reason}`;
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
  for (const [reason, count] of reasons) notes.push(`${count} kept, ${reason}`);
  return notes;
}

const halfReason: Readonly<Record<string, string>> = {
  'fp16-weights': ': ONNX Runtime turns the weights back into FP32 when it loads them, so only the file is smaller',
  fp16: ': on a CPU, ONNX Runtime computes most of FP16 by way of FP32; it is meant for GPUs, and for a smaller file',
};

const peakOf = ({ timings }: Variant): number | undefined => timings.at(-1)?.peakMemoryBytes;
