import type { MessagePort } from 'node:worker_threads';
import type { ThreadCall, ThreadCalls, ThreadMessage } from './thread-calls.js';

/** Does what the owner of this thread says, from now on. What throws is a bug, and ends the thread. */
export function serveCalls(port: MessagePort, calls: ThreadCalls): void {
  const post = (message: ThreadMessage): void => port.postMessage(message);
  port.on('message', async ({ id, name, argument }: ThreadCall) => {
    const call = calls[name] as (argument: unknown) => unknown;
    post({ kind: 'answer', id, value: await call(argument) });
  });
  post({ kind: 'ready' });
}
