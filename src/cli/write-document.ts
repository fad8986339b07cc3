import { formatSearch } from '../../reports/search.js';
import { formatSearchCsv } from '../../reports/search-csv.js';
import { formatVariants } from '../../reports/variants.js';
import { formatVariantsCsv } from '../../reports/variants-csv.js';
import type { SearchResult } from '../core/search-result.js';
import type { VariantsResult } from '../core/variants-result.js';
import { checkWritable, writeOutput } from './write-output.js';

/** What is written of anything but a run: a search, or variants. */
export type OwnDocument = SearchResult | VariantsResult;

/** The files to write, by format. */
export interface DocumentFiles {
  readonly csv: string | undefined;
  readonly json: string | undefined;
  readonly html: string | undefined;
}

/**
 * Checks before anything is measured that each file can be written later.
 *
 * @throws PerfError `file`
 */
export function checkDocumentFiles({ csv, json, html }: DocumentFiles): void {
  for (const [flag, file] of Object.entries({ '-f': csv, '--json': json, '--html': html })) {
    if (file !== undefined) checkWritable(flag, file);
  }
}

/**
 * Writes the files of a document, each of which depends on it alone.
 *
 * @throws PerfError `file`
 */
export async function writeDocument(document: OwnDocument, { csv, json, html }: DocumentFiles): Promise<void> {
  if (json !== undefined) writeOutput('--json', json, `${JSON.stringify(document, null, 2)}\n`);
  if (csv !== undefined) writeOutput('-f', csv, csvOf(document));
  if (html !== undefined) writeOutput('--html', html, await pageOf(document));
}

/** What the command that made the document printed of it. */
export const documentText = (document: OwnDocument): string =>
  document.format === 'perf-analyze/search' ? formatSearch(document) : `${formatVariants(document)}\n`;

const csvOf = (document: OwnDocument): string =>
  document.format === 'perf-analyze/search' ? formatSearchCsv(document) : formatVariantsCsv(document);

async function pageOf(document: OwnDocument): Promise<string> {
  if (document.format === 'perf-analyze/search')
    return (await import('../../reports/html/search-page.js')).formatSearchHtml(document);
  return (await import('../../reports/html/variants-page.js')).formatVariantsHtml(document);
}
