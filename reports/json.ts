import type { Run } from '../src/core/run.js';

/** The run as one JSON document, from which every other report can be made again. */
export const formatJson = (run: Run): string => `${JSON.stringify(run, null, 2)}\n`;
