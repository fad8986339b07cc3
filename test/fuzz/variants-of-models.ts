import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultOf, judgeVariants, type Verdict } from '../precision/judge-variants.js';
import { builtModels, realModels } from '../precision/known-models.js';

interface JudgedVariant {
  readonly model: string;
  readonly precision: string;
  readonly verdict: string;
  readonly fault: string | undefined;
}

/** Every variant of every sample model and of every model that tests install. */
export async function* judgeAllVariants(): AsyncGenerator<JudgedVariant> {
  for (const known of [...realModels, ...builtModels]) {
    const folder = await mkdtemp(join(tmpdir(), 'perf-analyze-variants-'));
    try {
      for (const verdict of await judgeVariants(known, folder)) {
        const { precision } = verdict;
        yield { model: known.name, precision, verdict: verdictText(verdict), fault: faultOf(verdict) };
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

const verdictText = ({ converted, refusal, cosine }: Verdict): string =>
  refusal === undefined ? `${converted} converted, cosine ${cosine?.toFixed(5)}` : `refused, ${refusal}`;
