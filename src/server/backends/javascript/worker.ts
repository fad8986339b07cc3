import { messageOf } from '../../../core/perf-error.js';
import { monotonicNow } from '../../server-clock.js';
import { loadModule, type ModelModule } from './model-module.js';
import { modelRequest, resultsOf } from './run-batch.js';
import type { BindMessage, FromWorker, RunRequest, ToWorker } from './worker-messages.js';

/**
 * The process of one model instance: one module, one batch at a time. A process, not a thread, since code of users may
 * do what ends the process that it runs in: exit, abort, exhaust the memory, or never return.
 */

let model: ModelModule | undefined;
let binding: BindMessage = { kind: 'bind', isBatching: false, inputs: [], outputs: [] };

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
  const computeStart = monotonicNow();
  try {
    const returned = await model?.execute(requests.map((request) => modelRequest(request, binding)));
    const computeEnd = monotonicNow();
    reply({ kind: 'done', computeStart, computeEnd, results: resultsOf(returned, requests, binding) });
  } catch (thrown) {
    reply({ kind: 'failed', message: oneLine(thrown) });
  }
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
  else void finalize();
});
process.on('uncaughtException', crash);
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined); // The server decides.
