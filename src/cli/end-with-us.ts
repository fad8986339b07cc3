import { spawn } from 'node:child_process';

/**
 * Waits for the end of its standard input, which comes when the process that holds the other end is gone, however it went. Then the process
 * group is asked to end, and killed after 5 s.
 */
const watch = `
while read -r _; do :; done
kill -s TERM -- "-$1" || exit 0
for second in 1 2 3 4 5; do
  sleep 1
  kill -s 0 -- "-$1" || exit 0
done
kill -s KILL -- "-$1"
`;

/**
 * Lets a process group end when we do, also when we are killed: a shell waits for that in a process of its own. Disposed when the group is gone by
 * itself. There is no such shell on Windows, where nothing is watched.
 */
export function endWithUs(group: number): Disposable {
  if (process.platform === 'win32') return { [Symbol.dispose]: () => undefined };
  const shell = spawn('/bin/sh', ['-c', watch, 'sh', String(group)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell the group lives on when we are killed; that is no reason to refuse it.
  shell.once('error', () => undefined);
  shell.stdin.once('error', () => undefined);
  shell.unref();
  return { [Symbol.dispose]: () => shell.kill('SIGKILL') };
}
