import { stringify } from 'csv-stringify/sync';

/**
 * Rows as CSV. A text that a spreadsheet would compute, as a model named `=1+1`, has an apostrophe before it (OWASP, "CSV Injection"); numbers stay
 * as they are, and `undefined` leaves an empty cell.
 */
export const csvText = (rows: readonly (readonly (string | number | undefined)[])[]): string =>
  stringify([...rows], { escape_formulas: true });
