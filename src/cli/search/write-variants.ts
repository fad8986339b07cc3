import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { SearchResult } from '../../core/search-result.js';
import { formatModelConfig } from '../../protocol/model-config-codec.js';
import { applyCandidate } from './apply-candidate.js';
import type { SearchServer } from './open-search-server.js';

/** Where variants are written to. */
export interface VariantRepository {
  readonly folder: string;
  /** Whether a folder that is there may be deleted first. */
  readonly overrides: boolean;
}

const flag = '--output-model-repository';

/** @throws PerfError `file` for a folder with something in it, unless it may be deleted */
export function checkVariantRepository({ folder, overrides }: VariantRepository): void {
  if (overrides || !existsSync(folder) || readdirSync(folder).length === 0) return;
  throw new PerfError('file', `Cannot use ${flag} ${folder}: expected a new or empty folder, got one with files`, {
    hint: 'With --override-output-model-repository it is deleted first.',
  });
}

/**
 * Writes every configuration that was measured as a model of its own. The first has a copy of the model's files, where these are ours to read,
 * and the others link to it.
 */
export function writeVariants(
  { folder, overrides }: VariantRepository,
  { variants, model }: SearchResult,
  { config, modelRepository, precisions }: Pick<SearchServer, 'config' | 'modelRepository' | 'precisions'>,
): void {
  const source = precisions?.repository ?? modelRepository;
  const distinct = new Map(variants.map((variant) => [variant.name, variant]));
  let first: string | undefined;
  try {
    if (overrides) rmSync(folder, { recursive: true, force: true });
    for (const { name, settings } of distinct.values()) {
      const own = join(folder, name);
      mkdirSync(own, { recursive: true });
      if (source !== undefined) placeFiles(join(source, model), own, first);
      first ??= name;
      writeFileSync(join(own, 'config.pbtxt'), formatModelConfig({ ...applyCandidate(config, settings), name }));
    }
  } catch (cause) {
    throw new PerfError('file', `Cannot write ${flag} ${folder}: ${messageOf(cause)}`, { cause });
  }
}

/** Everything but configurations. */
function placeFiles(source: string, target: string, first: string | undefined): void {
  for (const name of readdirSync(source).filter((each) => !each.startsWith('config'))) {
    if (first === undefined) cpSync(join(source, name), join(target, name), { recursive: true, dereference: true });
    else symlinkSync(join('..', first, name), join(target, name));
  }
}
