import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { minus, ns, toMs } from '../../src/core/units.js';
import { monotonicNow } from './monotonic.js';
import { controls, pacerMemory } from './pacer-memory.js';
import type { PacerLink } from './thread-pacer.js';

/** `Atomics.wait` may return so much too late; the rest of the time is spun away. */
const spin = ns(80_000);

const { memory, port } = workerData as PacerLink & { readonly port: MessagePort };
const { state, target } = pacerMemory(memory);

/** Waits for the target of command `seen`; whether it was reached before another command came. */
function reachTarget(seen: number): boolean {
  const at = ns(target[0] ?? 0);
  const sleepMs = toMs(minus(minus(at, monotonicNow()), spin));
  if (sleepMs > 0) Atomics.wait(state, controls.commands, seen, sleepMs);
  while (Atomics.load(state, controls.commands) === seen) {
    if (monotonicNow() >= at) return true;
  }
  return false;
}

parentPort?.postMessage('ready');
for (let answered = 0; Atomics.load(state, controls.isOver) === 0; ) {
  const seen = Atomics.load(state, controls.commands);
  if (seen === answered) {
    Atomics.wait(state, controls.commands, seen);
  } else if (reachTarget(seen)) {
    answered = seen;
    port.postMessage(seen);
  }
}
