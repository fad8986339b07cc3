import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildVariant } from '../../src/cli/variants/build-variant.js';
import { rememberedAnswers } from '../../src/precision/accuracy/answers.js';
import { compareAnswers } from '../../src/precision/accuracy/compare-answers.js';
import { accuracyMetrics, defaultLimits } from '../../src/precision/accuracy/gate.js';
import { type Precision, precisions } from '../../src/precision/make-variant.js';
import { readModelFile } from '../../src/precision/read-model-file.js';
import { openSession, type Session } from '../../src/precision/runtime/open-session.js';
import { type KnownModel, requestsTo } from './known-models.js';

/** What became of one variant. */
export interface Verdict {
  readonly precision: Precision;
  readonly converted: number;
  /** Why the gate refused it. */
  readonly refusal?: string;
  /** Of other requests than those the gate saw; of variants that passed. */
  readonly cosine?: number;
}

/**
 * Makes every variant of a model, lets the gate judge it, and asks those that pass something else.
 * Rejects when the model's own file has changed.
 */
export async function judgeVariants(known: KnownModel, folder: string): Promise<Verdict[]> {
  const packagePath = createRequire(import.meta.url).resolve('onnxruntime-node');
  const open = (modelPath: string): Promise<Session> =>
    openSession({ packagePath, modelPath, threads: 1, level: 'all' });
  const file = await known.file(folder);
  const before = await digestOf(file);
  const model = await readModelFile(file);
  const [samples, others] = [requestsTo(known, 'gate', 4), requestsTo(known, 'others', 4)];
  await using original = await open(file);
  const expected = rememberedAnswers(original);
  const verdicts: Verdict[] = [];
  const settings = {
    weightBits: 8,
    keepInFp32: [],
    calibration: 'minmax',
    optimization: 'basic',
    limits: defaultLimits,
  } as const;
  for (const precision of precisions) {
    const path = join(folder, `${known.name}.${precision}.onnx`);
    const wish = { ...settings, model, modelPath: file, packagePath, precision, path, expected, open, samples };
    const { variant, session } = await buildVariant(wish);
    const { converted = 0, refusal } = variant;
    if (session === undefined) {
      verdicts.push({ precision, converted, ...(refusal !== undefined && { refusal }) });
      continue;
    }
    await using passed = session;
    const { accuracy_cosine: cosine = Number.NaN } = accuracyMetrics(await compareAnswers(expected, passed, others));
    verdicts.push({ precision, converted, cosine });
  }
  if ((await digestOf(file)) !== before) throw new Error(`${file} has changed`);
  return verdicts;
}

const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** What is wrong with a verdict; `undefined` when nothing is. Other requests may fall a little below the limit. */
export function faultOf({ refusal, cosine }: Verdict): string | undefined {
  if (refusal !== undefined) return refusal === '' ? 'refused without a reason' : undefined;
  return cosine !== undefined && cosine >= 0.97 ? undefined : `passed the gate, but has a cosine of ${cosine}`;
}
