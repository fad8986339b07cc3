import { readFileSync } from 'node:fs';
import type { Run } from '../../src/core/run.js';
import type { Workplace } from './cli.js';
import { schemaErrors } from './run-schema.js';

/** A run that was stored with `--json`; fails unless it follows the schema. */
export function readRun(place: Workplace, file: string): Run {
  const run = JSON.parse(readFileSync(place.path(file), 'utf8')) as Run;
  const errors = schemaErrors(run);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return run;
}
