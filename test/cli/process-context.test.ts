import test from 'ava';
import { processContext } from '../../src/cli/process-context.js';

const listeners = (): number[] => ['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name));

test('processContext leaves signals to the system until a command asks for interrupts, and then listens once', async (t) => {
  const before = listeners();
  const context = await processContext('none');
  t.deepEqual(listeners(), before);
  const { interrupt } = context;
  t.is(interrupt, context.interrupt);
  t.deepEqual(
    listeners(),
    before.map((count) => count + 1),
  );
});
