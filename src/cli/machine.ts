import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import type { Machine } from '../core/run.js';

/** The machine that the client runs on. */
export const describeMachine = (): Machine => ({
  platform: platform(),
  arch: arch(),
  cpuModel: cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown CPU',
  logicalCpus: availableParallelism(),
  memoryBytes: totalmem(),
  nodeVersion: process.versions.node,
});
