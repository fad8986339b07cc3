import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The logical processors that this process may run on, from 0 on. */
export function allowedProcessors(): readonly number[] {
  try {
    const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (list !== undefined) return list.split(',').flatMap(rangeOf);
  } catch {
    // Not Linux: all that there are.
  }
  return Array.from({ length: availableParallelism() }, (_, index) => index);
}

/** `2-4` as 2, 3, 4. */
function rangeOf(text: string): number[] {
  const [first = 0, last = first] = text.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
