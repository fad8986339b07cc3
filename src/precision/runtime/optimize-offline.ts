import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { longestFile } from '../../onnx/encode-files.js';
import type { ModelProto, NodeProto, TensorProto } from '../../onnx/model-proto.js';
import { readModelFile } from '../read-model-file.js';
import type { Rewritten } from '../rewrite/rewritten.js';
import { openSession } from './open-session.js';

/**
 * How much ONNX Runtime changes (its documentation, "Graph Optimizations"): `basic` keeps to operators of the standard,
 * `extended` fuses nodes into operators of its own, `all` also lays tensors out for the processor at hand.
 */
export const optimizationLevels = ['basic', 'extended', 'all'] as const;

export type OptimizationLevel = (typeof optimizationLevels)[number];

export interface OptimizeOptions {
  readonly packagePath: string;
  /** The model's file; weights may lie beside it. */
  readonly modelPath: string;
  /** The same, read. */
  readonly model: ModelProto;
  readonly level: OptimizationLevel;
  /** See `VariantOptions`. */
  readonly temporary?: string | undefined;
}

/** The model as ONNX Runtime optimises it before it runs it. Rejects with a PerfError `model` when it does not load it. */
export async function optimizeOffline(options: OptimizeOptions): Promise<Rewritten> {
  const { packagePath, modelPath, model, level, temporary = tmpdir() } = options;
  const folder = await mkdtemp(join(temporary, 'perf-analyze-optimized-'));
  try {
    const optimizedPath = join(folder, 'model.onnx');
    // Only where it must be: with subgraphs, ONNX Runtime writes such models wrong.
    const areWeightsApart = weightBytes(model) > mostInOneFile;
    const start = { packagePath, modelPath, threads: 1, level, optimizedPath, areWeightsApart };
    const session = await openSession(start);
    await session[Symbol.asyncDispose]();
    const optimized = sorted(await readModelFile(optimizedPath));
    const before = new Set(model.graph.node.map(formOf));
    const after = new Set(optimized.graph.node.map(formOf));
    const converted = [...before].filter((form) => !after.has(form)).length;
    return { model: optimized, converted, kept: [], remarks: remarksOn(model, optimized, level) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** With some room for what optimising adds to a graph. */
const mostInOneFile = 0.9 * longestFile;

const weightBytes = ({ graph }: ModelProto): number =>
  graph.initializer.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0);

/** What a node computes of what. */
const formOf = ({ opType, domain = '', input, output }: NodeProto): string =>
  JSON.stringify([domain === 'ai.onnx' ? '' : domain, opType, input, output]);

/** ONNX Runtime writes constants in the order of a hash table. */
function sorted(model: ModelProto): ModelProto {
  const byName = (left: TensorProto, right: TensorProto): number => ((left.name ?? '') < (right.name ?? '') ? -1 : 1);
  return { ...model, graph: { ...model.graph, initializer: model.graph.initializer.toSorted(byName) } };
}

function remarksOn(model: ModelProto, optimized: ModelProto, level: OptimizationLevel): string[] {
  const domains = new Set(model.graph.node.map(({ domain = '' }) => domain));
  const counts = new Map<string, number>();
  for (const { opType, domain = '' } of optimized.graph.node) {
    if (domain === '' || domain === 'ai.onnx' || domains.has(domain)) continue;
    counts.set(`${opType} (${domain})`, (counts.get(`${opType} (${domain})`) ?? 0) + 1);
  }
  const own = [...counts].map(([name, count]) => `${count} x ${name}`).join(', ');
  const nodes = `nodes: ${model.graph.node.length} before, ${optimized.graph.node.length} after`;
  return [
    `${nodes}; ONNX Runtime does the same whenever it loads the original, so that only loading takes less time`,
    ...(own === '' ? [] : [`only ONNX Runtime can serve it, because of its own operators: ${own}`]),
    ...(level === 'all' ? ['laid out for this processor: serve it on processors with the same vector units only'] : []),
  ];
}
