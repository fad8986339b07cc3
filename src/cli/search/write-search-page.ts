import type { SearchResult } from '../../core/search-result.js';
import { writeOutput } from '../write-output.js';

/**
 * Writes the page of a search, which depends on its document alone.
 *
 * @throws PerfError `file`
 */
export async function writeSearchPage(file: string, result: SearchResult): Promise<void> {
  const { formatSearchHtml } = await import('../../../reports/html/search-page.js');
  writeOutput('--html', file, formatSearchHtml(result));
}
