import { Worker } from 'node:worker_threads';
import { messageOf } from '../../../core/perf-error.js';
import { monotonicNow } from '../../server-clock.js';
import { loadModule, type ModelModule } from './model-module.js';
import { OpenRequest } from './model-request.js';
import { kindOf } from './raw-output.js';
import { resultsOf } from './run-batch.js';
import type { BindMessage, FromWorker, RunRequest, ToWorker } from './worker-messages.js';

/**
 * The process of one model instance: one module, one batch at a time. A process, not a thread, since code of users may
 * do what ends the process that it runs in: exit, abort, exhaust the memory, or never return.
 */

let model: ModelModule | undefined;
let binding: BindMessage = {
  kind: 'bind',
  isBatching: false,
  isDecoupled: false,
  isIterative: false,
  inputs: [],
  outputs: [],
};
/** By key: those of the batch that runs, and those that a decoupled model has not ended. */
const open = new Map<number, OpenRequest>();

const send = process.send?.bind(process);
delete process.send; // The channel is ours, not the model's.
const reply = (message: FromWorker, onSent?: () => void): void => {
  send?.(message, undefined, undefined, onSent);
};

async function start(message: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  try {
    const loaded = await loadModule(message.modelPath);
    await loaded.initialize(message.arguments);
    model = loaded;
    reply({ kind: 'started', graph: loaded.graph });
  } catch (thrown) {
    reply({ kind: 'failed', message: oneLine(thrown) });
  }
}

async function run(requests: readonly RunRequest[]): Promise<void> {
  const bound = binding;
  const computeStart = monotonicNow();
  const batch = requests.map((request) => openRequest(request, bound));
  try {
    const returned = await model?.execute(batch.map(({ forModel }) => forModel));
    const computeEnd = monotonicNow();
    if (bound.isDecoupled) checkNothing(returned);
    const results = bound.isDecoupled ? [] : resultsOf(returned, requests, bound);
    const nextSteps = batch.map((request) => request.closeStep());
    reply({ kind: 'done', computeStart, computeEnd, results, nextSteps });
  } catch (thrown) {
    const message = `execute failed: ${oneLine(thrown)}`;
    if (!bound.isDecoupled) {
      reply({ kind: 'failed', message });
      return;
    }
    for (const request of batch) request.fail(message);
    reply({ kind: 'done', computeStart, computeEnd: monotonicNow(), results: [] });
  } finally {
    if (!bound.isDecoupled) for (const { key } of requests) open.delete(key);
  }
}

function openRequest(request: RunRequest, bound: BindMessage): OpenRequest {
  const opened = new OpenRequest(request, { binding: bound, reply, onEnd: () => open.delete(request.key) });
  open.set(request.key, opened);
  return opened;
}

function checkNothing(returned: unknown): void {
  if (returned === undefined || (Array.isArray(returned) && returned.every((each) => each === undefined))) return;
  throw new Error(`execute of a decoupled model must return nothing and send its responses, got ${kindOf(returned)}`);
}

async function finalize(): Promise<void> {
  try {
    await model?.finalize();
  } catch (thrown) {
    process.stderr.write(`finalize failed: ${oneLine(thrown)}\n`);
  }
  process.exit(0);
}

/** Nobody knows what state the model is in. */
function crash(thrown: unknown): void {
  process.stderr.write(`${thrown instanceof Error ? thrown.stack : thrown}\n`);
  reply({ kind: 'crashed', message: oneLine(thrown) }, () => process.exit(1));
}

const oneLine = (thrown: unknown): string => messageOf(thrown).replace(/\s+/g, ' ').trim();

process.on('message', (message: ToWorker) => {
  if (message.kind === 'start') void start(message);
  else if (message.kind === 'bind') binding = message;
  else if (message.kind === 'run') void run(message.requests);
  else if (message.kind === 'cancel') open.get(message.key)?.cancel();
  else if (message.kind === 'sent') open.get(message.key)?.sent();
  else void finalize();
});
new Worker(new URL('./orphan-watch.js', import.meta.url), { workerData: process.ppid }).unref();
process.on('uncaughtException', crash);
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined); // The server decides.
