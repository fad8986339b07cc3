import { limitText } from '../src/core/certify.js';
import { loadName } from '../src/core/load-name.js';
import type { Run } from '../src/core/run.js';

/** What each level was certified as; nothing when nobody asked. */
export function formatCertification({ settings, levels }: Run): string[] {
  const { certify } = settings.measurement;
  if (certify === undefined) return [];
  const lines = levels.flatMap(({ load, certification }) => {
    if (certification === undefined) return [];
    const { verdict, requests, over, effectiveRequests } = certification;
    const weight =
      effectiveRequests < 0.995 * requests ? `, worth ${Math.round(effectiveRequests)} independent ones` : '';
    return [`${loadName(load)}: ${verdict.toUpperCase()}, ${over} of ${requests} requests over the limit${weight}`];
  });
  return [[`Certification of ${limitText(certify)} at ${certify.confidencePercent} %`, ...lines].join('\n')];
}
