import type { Worker } from 'node:worker_threads';
import { messageOf, PerfError } from '../../src/core/perf-error.js';
import type { EventReport } from './event-report.js';
import type { CallName, ThreadCall, ThreadCalls, ThreadMessage } from './thread-calls.js';

type Argument<Name extends CallName> = Parameters<ThreadCalls[Name]>[0];
type Answer<Name extends CallName> = Awaited<ReturnType<ThreadCalls[Name]>>;

/** A thread that sends, seen from its owner. */
export interface ThreadLink {
  /** @throws what ended the thread */
  call<Name extends CallName>(name: Name, argument?: Argument<Name>): Promise<Answer<Name>>;
  /** Who gets the reports from now on. */
  listen(onReport: (report: EventReport) => void): void;
}

/**
 * Resolves when the thread of the worker is ready.
 *
 * @param onCrash the thread has ended by a bug; calls fail from now on
 * @throws PerfError when the thread refuses
 */
export async function linkThread(worker: Worker, onCrash: (error: Error) => void): Promise<ThreadLink> {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  let crashed: Error | undefined;
  let onReport: (report: EventReport) => void = () => undefined;

  const ready = new Promise<void>((resolve, reject) => {
    const end = (error: Error): void => {
      if (crashed !== undefined) return;
      crashed = error;
      reject(error);
      for (const call of waiting.values()) call.reject(error);
      waiting.clear();
      onCrash(error);
    };
    worker.on('error', (thrown) => end(errorOfThread(thrown)));
    worker.on('exit', (code) => end(new Error(`a thread that sends ended with code ${code}`)));
    worker.on('message', (message: ThreadMessage) => {
      switch (message.kind) {
        case 'ready':
          return resolve();
        case 'refused':
          return reject(new PerfError(message.refusal.code, message.refusal.message, hintOf(message.refusal.hint)));
        case 'report':
          return onReport(message.report);
        case 'answer':
          waiting.get(message.id)?.resolve(message.value);
          waiting.delete(message.id);
      }
    });
  });
  await ready;

  return {
    call: <Name extends CallName>(name: Name, argument?: Argument<Name>) =>
      new Promise<Answer<Name>>((resolve, reject) => {
        if (crashed !== undefined) {
          reject(crashed);
          return;
        }
        const id = calls++;
        waiting.set(id, { resolve: (value) => resolve(value as Answer<Name>), reject });
        const call: ThreadCall = { id, name, argument };
        worker.postMessage(call);
      }),
    listen: (listener) => {
      onReport = listener;
    },
  };
}

const hintOf = (hint: string | undefined) => (hint === undefined ? {} : { hint });

/** What comes from another thread looks like an error but is none that the engine knows; its stack says where it was. */
function errorOfThread(thrown: unknown): Error {
  const error = new Error(messageOf(thrown));
  if (thrown instanceof Error && thrown.stack !== undefined) error.stack = thrown.stack;
  return error;
}
