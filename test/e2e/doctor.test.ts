import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { createWorkplace } from '../helpers/cli.js';

test('doctor calibrates the client on this machine and leaves nothing behind', async (t) => {
  await using workplace = createWorkplace();
  const startedAt = performance.now();
  const { code, stdout, stderr } = await workplace.run('doctor');
  t.true(code === 0 || code === 2, stderr); // a busy machine may not be worthy of trust
  t.regex(
    stdout,
    code === 0 ? /can be trusted up to [\d,]+ requests\/s/ : /cannot be trusted with any open-loop rate now/,
  );
  t.regex(stdout, /^concurrency 1 +\d+ +\d+ +\d+ +– +– /m);
  t.regex(stdout, /^request rate 1000 +\d+ +\d+ +\d+ +\d+ +\d+ /m);
  t.true(performance.now() - startedAt < 60_000);
  t.deepEqual(workplace.leftovers(), []);
  t.deepEqual(workplace.temporaryFiles(), []);
});

test('doctor can be interrupted', async (t) => {
  await using workplace = createWorkplace();
  const run = workplace.start('doctor');
  await run.seen(/calibrating: concurrency 16/);
  run.child.kill('SIGINT');
  t.is((await run.result).code, 130);
  t.deepEqual(workplace.leftovers(), []);
});

test('the server that doctor measures ends when its parent went away before it listened', async (t) => {
  const program = fileURLToPath(new URL('../../src/cli/doctor/null-server.js', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: 'ignore' });
  t.teardown(() => child.kill());
  t.deepEqual(await once(child, 'exit'), [0, null]);
});
