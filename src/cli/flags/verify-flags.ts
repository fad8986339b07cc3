import { PerfError } from '../../core/perf-error.js';
import type { VerifyWish } from '../variants/verify-answers.js';

const text = { type: 'string', requiresArg: true, group: 'Variants:' } as const;

/** Flags that say how right answers are. */
export const verifyFlags = {
  verify: {
    ...text,
    describe: 'JavaScript module whose verify(outputs, label, index) says how right an answer is',
  },
  labels: { ...text, describe: 'Labels for --verify: a JSON list, or a line for each inference' },
} as const;

/** @throws PerfError `usage` for labels that nobody reads */
export function parseVerify({
  verify,
  labels,
}: {
  readonly verify: string | undefined;
  readonly labels: string | undefined;
}): VerifyWish | undefined {
  if (verify !== undefined) return { module: verify, labels };
  if (labels === undefined) return undefined;
  throw new PerfError('usage', 'Cannot use --labels: expected --verify with a module, got none');
}

/** @throws PerfError `usage` for a limit of what no module says */
export function checkVerified(tags: readonly string[], verify: VerifyWish | undefined): void {
  if (verify !== undefined || !tags.includes('accuracy_verify')) return;
  throw new PerfError('usage', 'Cannot use accuracy_verify: expected --verify with a module, got none');
}
