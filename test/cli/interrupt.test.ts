import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';

interface Waiting {
  readonly child: ChildProcess;
  /** Everything that it has said, as soon as a line of it matches. */
  said(pattern: RegExp): Promise<string>;
}

function start(t: ExecutionContext): Waiting {
  const child = spawn(process.execPath, [fileURLToPath(new URL('interrupt-entry.js', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const said = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(text)) await once(child.stdout, 'data');
    return text;
  };
  return { child, said };
}

for (const [first, second] of [
  ['SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGTERM'],
  ['SIGTERM', 'SIGINT'],
  ['SIGHUP', 'SIGTERM'],
] as const) {
  test(`listenForInterrupts stops in order at ${first}, and at once at ${second} after it`, async (t) => {
    const { child, said } = start(t);
    await said(/^ready$/m);
    child.kill(first);
    t.is(
      await said(/^reason: .*$/m),
      'ready\nsaid: Interrupted: waiting for what is in flight. Press Ctrl-C again to leave at once.\nreason: interrupted\n',
    );
    t.is(child.exitCode, null);
    child.kill(second);
    const [code, signal] = await once(child, 'close');
    t.deepEqual([code, signal], [130, null]);
    t.regex(await said(/^ended .*$/m), /reason: interrupted\nended what was started\n$/);
  });
}
