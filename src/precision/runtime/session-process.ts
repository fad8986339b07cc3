import { readFileSync } from 'node:fs';
import { messageOf } from '../../core/perf-error.js';
import { loadOrt } from '../../onnx/runtime/load-ort.js';
import type { OrtPackage, OrtSession, OrtTensors, OrtValueMetadata } from '../../onnx/runtime/ort-package.js';
import type {
  SentTensors,
  SessionAnswers,
  SessionCall,
  SessionReply,
  SessionStart,
  SessionValue,
  Span,
} from './session-messages.js';
import { spreadOf } from './spread-of.js';

/**
 * The process of one ONNX Runtime session: `session.run` computes on the thread that calls it, and what a model needs of
 * memory can be told of a whole process only. It ends when its parent does.
 */

let ort: OrtPackage | undefined;
let session: OrtSession | undefined;
let feeds: OrtTensors = {};

const answers: { readonly [Kind in SessionCall['kind']]: (call: never) => Promise<SessionAnswers[Kind]> } = {
  start: async ({ start }: { readonly start: SessionStart }) => {
    ort = loadOrt(start.packagePath);
    ort.env.logLevel = 'fatal';
    const before = performance.now();
    session = await ort.InferenceSession.create(start.modelPath, optionsOf(start));
    const loadMs = performance.now() - before;
    return { inputs: session.inputMetadata.map(describe), outputs: session.outputMetadata.map(describe), loadMs };
  },
  feed: async (call: { readonly feeds: SentTensors }) => {
    const Tensor = started(ort).Tensor;
    const entries = Object.entries(call.feeds);
    feeds = Object.fromEntries(entries.map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]));
    return undefined;
  },
  run: async () => {
    const results = await started(session).run(feeds);
    const entries = Object.entries(results);
    return Object.fromEntries(entries.map(([name, { type, dims, data }]) => [name, { type, dims, data }]));
  },
  time: async ({ count }: { readonly count: number }) => {
    const times: number[] = [];
    for (let index = 0; index < count; index++) {
      const start = process.hrtime.bigint();
      await started(session).run(feeds);
      times.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
    return times;
  },
  observe: async ({ spans }: { readonly spans: Readonly<Record<string, Span>> | undefined }) => {
    const results = Object.entries(await started(session).run(feeds));
    const floats = results.filter(([, { type }]) => type === 'float32');
    return Object.fromEntries(
      floats.map(([name, { data }]) => [name, spreadOf(data as unknown as Float32Array, spans?.[name])]),
    );
  },
  memory: async () => peakMemoryBytes(),
};

function optionsOf({ threads, level, optimizedPath, areWeightsApart = false }: SessionStart): object {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: level,
    // Threads that spin between runs would take the time of those who wait for their turn.
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        inter_op: { allow_spinning: '0' },
        ...(areWeightsApart && weightsApart),
      },
    },
    logSeverityLevel: 4,
    ...(optimizedPath === undefined ? {} : { optimizedModelFilePath: optimizedPath }),
  };
}

/** For models that are too long for one file. */
const weightsApart = {
  optimized_model_external_initializers_file_name: 'weights.data',
  optimized_model_external_initializers_min_size_in_bytes: '1024',
};

function describe({ name, isTensor, type, shape = [] }: OrtValueMetadata): SessionValue {
  const dims = shape.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : undefined));
  return isTensor && type !== undefined ? { name, type, dims } : { name, dims: [] };
}

function started<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('no session was started');
  return value;
}

/** `getrusage` would count what the parent held when it forked; the kernel's own high-water mark does not. */
function peakMemoryBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}

const oneLine = (thrown: unknown): string => messageOf(thrown).replace(/\s+/g, ' ').trim();

async function answer(call: SessionCall): Promise<SessionReply> {
  try {
    return { ok: true, value: await (answers[call.kind] as (call: SessionCall) => Promise<unknown>)(call) };
  } catch (thrown) {
    return { ok: false, message: oneLine(thrown) };
  }
}

process.on('message', (call: SessionCall) => {
  void answer(call).then((reply) => process.send?.(reply));
});
process.once('disconnect', () => process.exit());
process.on('SIGINT', () => undefined); // The terminal's Ctrl-C reaches us too, and the parent decides.
