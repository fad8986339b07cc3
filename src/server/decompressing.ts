import { ByteBudget } from './byte-budget.js';

/**
 * What decompressed messages may take of the memory together, for each front end: a few megabytes of requests could otherwise
 * become gigabytes.
 */
const mostDecompressedBytes = 512 * 1024 * 1024;

/** Of one front end. */
export const decompressionBudget = (limit = mostDecompressedBytes): ByteBudget => new ByteBudget(limit);
