import { basename, dirname, join } from 'node:path';
import { type WeightedSearch, weightedGainLine } from '../../../reports/weighted-gain.js';
import type { AnalyzeOptions } from '../analyze-options.js';
import type { CommandContext } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { runSearch } from './run-search.js';
import type { SearchWish } from './search-wish.js';
import { openResults, writeResults } from './write-results.js';

/**
 * Searches the models of `-m` together, if that is wished, or one after the other, each by itself. Of several models each has files of its own, with its name in front, and the
 * folder of results has all of them. Resolves with the first exit code that is not 0.
 */
export async function searchModels(
  options: AnalyzeOptions,
  wish: SearchWish,
  context: CommandContext,
): Promise<ExitCode> {
  const { models, ...settings } = options.settings;
  if (models === undefined || wish.isTogether) return (await runSearch(options, wish, context)).exitCode;
  const { results: folder, variantRepository, ...common } = wish;
  if (folder !== undefined) openResults('--results', folder);
  const finished: (WeightedSearch & Awaited<ReturnType<typeof runSearch>>)[] = [];
  for (const { name, weight } of models) {
    const own: SearchWish = {
      ...common,
      ...(variantRepository === undefined
        ? {}
        : { variantRepository: { ...variantRepository, folder: join(variantRepository.folder, name) } }),
    };
    const ofModel = { ...options, settings: { ...settings, modelName: name }, output: ownFiles(options.output, name) };
    finished.push({ ...(await runSearch(ofModel, own, context)), weight });
    const results = finished.map(({ result }) => result);
    if (folder !== undefined) writeResults('--results', folder, results);
    if (context.interrupt.signal.aborted) break;
  }
  context.print(weightedGainLine(finished));
  return finished.find(({ exitCode }) => exitCode !== exitCodes.done)?.exitCode ?? exitCodes.done;
}

/** `out/search.json` is `out/NAME-search.json` of a model. */
function ownFiles(output: AnalyzeOptions['output'], name: string): AnalyzeOptions['output'] {
  const own = (file: string): string => join(dirname(file), `${name}-${basename(file)}`);
  const { csv, json, html, ...others } = output.reports;
  const files = { csv, json, html };
  const named = Object.entries(files).flatMap(([kind, file]) => (file === undefined ? [] : [[kind, own(file)]]));
  return { ...output, reports: { ...others, ...Object.fromEntries(named) } };
}
