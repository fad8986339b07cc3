import { lineDifference } from '../../../reports/line-difference.js';
import type { SearchResult } from '../../core/search-result.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { formatModelConfig } from '../../protocol/model-config-codec.js';
import { writeOutput } from '../write-output.js';
import { applyCandidate } from './apply-candidate.js';

/**
 * Writes the page of a search, which depends on its document alone.
 *
 * @throws PerfError `file`
 */
export async function writeSearchPage(file: string, result: SearchResult): Promise<void> {
  const { formatSearchHtml } = await import('../../../reports/html/search-page.js');
  writeOutput('--html', file, formatSearchHtml(result, differenceOf(result)));
}

/** What the choice changes in the configuration that the server had; absent when it is not known. */
function differenceOf({ config, finalists: [best] }: SearchResult): string | undefined {
  if (config === undefined || best === undefined) return undefined;
  const before = config as ModelConfig;
  return lineDifference(
    'config.pbtxt',
    formatModelConfig(before),
    formatModelConfig(applyCandidate(before, best.candidate)),
  );
}
