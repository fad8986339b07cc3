import { listenForInterrupts } from '../../src/cli/interrupt.js';

/** Waits for signals, for good: what it is told goes to standard output, line by line. */
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const { signal, onAbandon } = listenForInterrupts((line) => say(`said: ${line}`));
signal.addEventListener('abort', () => say(`reason: ${signal.reason}`));
onAbandon(() => say('ended what was started'));
onAbandon(() => say('ended what was taken back'))();
setInterval(() => undefined, 1000);
say('ready');
