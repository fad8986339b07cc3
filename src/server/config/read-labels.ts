import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { staysInside } from './read-model-file.js';

/** The names of the classes of an output by the output's name, in the order of its elements. */
export type OutputLabels = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the label files of a configuration: one label a line (model configuration, 1, `label_filename`).
 * Rejects with `PerfError` for a file outside of the model's folder, since a load request may bring a configuration
 * along, and for one that cannot be read.
 */
export async function readLabels({ name, output }: ModelConfig, modelDirectory: string): Promise<OutputLabels> {
  const labels = new Map<string, readonly string[]>();
  for (const { name: outputName, label_filename: file } of output) {
    if (file === '') continue;
    if (!staysInside(file)) {
      throw new PerfError('model', `'label_filename' must stay inside the directory of ${name}, got '${file}'`);
    }
    const text = await readFile(join(modelDirectory, file), 'utf8').catch((cause) => {
      const message = `model '${name}': cannot read the labels of output '${outputName}': ${messageOf(cause)}`;
      throw new PerfError('model', message, { cause });
    });
    labels.set(outputName, text.replace(/\r?\n$/, '').split(/\r?\n/));
  }
  return labels;
}
