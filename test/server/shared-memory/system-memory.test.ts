import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Refusal, RefusalError } from '../../../src/server/refusal.js';
import { createSystemMemory } from '../../../src/server/shared-memory/system-memory.js';

const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-test-'));
const outside = join(folder, 'outside');
const shm = join(folder, 'shm');
mkdirSync(shm);
writeFileSync(outside, Buffer.alloc(64));
mkdirSync(join(shm, 'folder'));
symlinkSync(outside, join(shm, 'link'));
execFileSync('mkfifo', [join(shm, 'pipe')]);
test.after.always(() => rmSync(folder, { recursive: true }));

let count = 0;
function setUp(content: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7]) {
  const key = `object-${count++}`;
  writeFileSync(join(shm, key), Uint8Array.from(content));
  const memory = createSystemMemory(shm);
  return { memory, key, bytes: () => [...readFileSync(join(shm, key))], path: join(shm, key) };
}

const refused = (t: ExecutionContext, act: () => unknown, reason: Refusal, message: RegExp) => {
  const error = t.throws(act, { instanceOf: RefusalError, message });
  t.is(error?.reason, reason);
};

test('createSystemMemory reads and writes parts of a region, from its offset on', (t) => {
  const { memory, key, bytes } = setUp();
  memory.registerSystem({ name: 'r', key: `//${key}`, offset: 2, byteSize: 4 });
  t.deepEqual([...memory.read({ region: 'r', offset: 1, byteSize: 3 })], [3, 4, 5]);
  memory.write({ region: 'r', offset: 2, byteSize: 2 }, Uint8Array.of(9));
  t.deepEqual(bytes(), [0, 1, 2, 3, 9, 5, 6, 7]);
  memory[Symbol.dispose]();
});

test('createSystemMemory status, double and undone registration', (t) => {
  const { memory, key } = setUp();
  const region = { name: 'r', key, offset: 0, byteSize: 8 };
  memory.registerSystem(region);
  memory.registerSystem({ ...region, name: 's' });
  t.deepEqual(
    memory.systemStatus('').map(({ name }) => name),
    ['r', 's'],
  );
  t.is(memory.systemStatus('s').length, 1);
  refused(t, () => memory.registerSystem(region), 'already-exists', /shared memory region 'r' already in manager/);
  memory.unregisterSystem('r');
  memory.unregisterSystem('never there');
  refused(t, () => memory.systemStatus('r'), 'not-found', /Unable to find system shared memory region: 'r'/);
  refused(
    t,
    () => memory.read({ region: 'r', offset: 0, byteSize: 1 }),
    'not-found',
    /Unable to find shared memory region: 'r'/,
  );
  memory.registerSystem(region);
  memory.unregisterSystem('');
  t.deepEqual(memory.systemStatus(''), []);
});

for (const key of [
  '',
  '/',
  '..',
  '.',
  '../outside',
  '/../outside',
  'folder/x',
  'a\0b',
  'link',
  'folder',
  'pipe',
  'nothing',
  'x'.repeat(300),
]) {
  test(`createSystemMemory refuses the key ${JSON.stringify(key.slice(0, 20))}`, (t) => {
    const { memory } = setUp();
    const register = () => memory.registerSystem({ name: 'r', key, offset: 0, byteSize: 1 });
    refused(t, register, 'invalid-argument', /^Unable to open shared memory region: /);
    t.deepEqual(memory.systemStatus(''), []);
  });
}

for (const [offset, byteSize] of [
  [0, 9],
  [8, 1],
  [0, 0],
  [-1, 2],
  [0, 2 ** 53],
  [2 ** 53, 1],
] as const) {
  test(`createSystemMemory refuses a region of ${byteSize} bytes at ${offset} in an object of 8`, (t) => {
    const { memory, key } = setUp();
    const register = () => memory.registerSystem({ name: 'r', key, offset, byteSize });
    refused(t, register, 'invalid-argument', /failed to register shared memory region 'r': invalid args/);
  });
}

test('createSystemMemory refuses parts outside of the region, and a file that has shrunk', (t) => {
  const { memory, key, path } = setUp();
  memory.registerSystem({ name: 'r', key, offset: 0, byteSize: 8 });
  const part = (offset: number, byteSize: number) => () => memory.check({ region: 'r', offset, byteSize });
  refused(t, part(8, 1), 'invalid-argument', /Invalid offset for shared memory region: 'r'/);
  refused(t, part(4, 5), 'invalid-argument', /Invalid offset \+ byte size for shared memory region: 'r'/);
  part(4, 4)();
  truncateSync(path, 2);
  refused(
    t,
    () => memory.read({ region: 'r', offset: 0, byteSize: 4 }),
    'invalid-argument',
    /Invalid offset \+ byte size/,
  );
  memory[Symbol.dispose]();
});
