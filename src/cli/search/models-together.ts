import { PerfError } from '../../core/perf-error.js';
import type { RunSettings } from '../../core/run-settings.js';
import type { SettingValue } from '../../core/trial.js';
import type { AnalyzeOptions } from '../analyze-options.js';
import type { Variations } from './live-space.js';
import { nameOf, placeOf } from './model-settings.js';
import type { SearchWish } from './search-wish.js';

/** Of the first model alone: it is about requests, or about files that only that one has. */
const notShared: ReadonlySet<string> = new Set(['batch_size', 'precision']);

/** The models that are searched at once, but for the one whose settings have no name in front. */
export const modelsBeside = ({ modelName, models = [] }: Pick<RunSettings, 'modelName' | 'models'>): string[] =>
  models.map(({ name }) => name).filter((name) => name !== modelName);

/** What several models that are searched at once are called. */
export const titleOf = ({ modelName, models }: Pick<RunSettings, 'modelName' | 'models'>): string =>
  models?.map(({ name }) => name).join('+') ?? modelName;

/**
 * The models of `-m` as one search: the first is the searched one, and settings of the others have their name in front. A setting that is varied
 * without a name varies in each model.
 *
 * @throws PerfError `usage` for a single model, and for precisions
 */
export function together(options: AnalyzeOptions, wish: SearchWish): { options: AnalyzeOptions; wish: SearchWish } {
  const { models } = options.settings;
  const [first] = models ?? [];
  if (first === undefined) {
    throw new PerfError('usage', 'Cannot use --together: expected several models, such as -m a,b, got one');
  }
  const settings = { ...options.settings, modelName: first.name };
  const variations = variationsOfAll(wish.variations, first.name, modelsBeside(settings));
  if (variations.has('precision') || wish.goal.constraints.some(({ metric }) => metric.tag.startsWith('accuracy_'))) {
    throw new PerfError('usage', 'Cannot search precisions with --together: expected one model, got several');
  }
  return { options: { ...options, settings }, wish: { ...wish, variations } };
}

function variationsOfAll(given: Variations, first: string, others: readonly string[]): Variations {
  const named = new Map<string, readonly SettingValue[]>();
  const own = new Map<string, readonly SettingValue[]>();
  for (const [name, values] of given) {
    const { model, setting } = placeOf(name);
    if (model !== undefined) named.set(model === first ? setting : name, values);
    else own.set(setting, values);
  }
  const shared = [...own].flatMap(([setting, values]) => {
    const models = notShared.has(setting) ? [undefined] : [undefined, ...others];
    return models.map((model) => [nameOf({ model, setting }), values] as const);
  });
  return new Map([...shared, ...named]);
}
