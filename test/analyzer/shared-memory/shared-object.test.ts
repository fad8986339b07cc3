import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readSharedOutputs } from '../../../analyzer/shared-memory/read-shared-outputs.js';
import { createSharedObject } from '../../../analyzer/shared-memory/shared-object.js';
import { PerfError } from '../../../src/core/perf-error.js';
import type { Datatype } from '../../../src/protocol/datatype.js';
import { noParameters } from '../../../src/protocol/infer.js';
import { ProtocolError } from '../../../src/protocol/protocol-error.js';
import { packBytes } from '../../../src/protocol/tensor.js';

const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-test-'));
test.after.always(() => rmSync(folder, { recursive: true }));
const create = (byteSize: number) => createSharedObject(randomUUID(), byteSize, folder);
const pathOf = (key: string) => join(folder, key);

test('createSharedObject has its size from the start, and is gone when it is disposed of', (t) => {
  const object = create(3_000_000);
  t.is(readFileSync(pathOf(object.key)).length, 3_000_000);
  object.write(2_999_998, Uint8Array.of(1, 2));
  t.deepEqual([...object.read(2_999_997, 3)], [255, 1, 2]);
  object[Symbol.dispose]();
  t.false(existsSync(pathOf(object.key)));
});

test('createSharedObject stays usable without its name', (t) => {
  using object = create(4);
  object.unlink();
  t.false(existsSync(pathOf(object.key)));
  object.write(0, Uint8Array.of(7));
  t.deepEqual([...object.read(0, 2)], [7, 255]);
});

test('createSharedObject takes no object that is there, and says when there is no folder', (t) => {
  using object = create(4);
  t.throws(() => createSharedObject(object.key.slice(1), 4, folder), { instanceOf: PerfError, message: /EEXIST/ });
  t.throws(() => createSharedObject('x', 4, join(folder, 'none')), {
    instanceOf: PerfError,
    message: /Cannot use --shared-memory system: expected room for 4 bytes in .*none, got ENOENT/,
  });
});

const answer = (datatype: Datatype, shape: readonly number[]) => ({
  modelName: 'm',
  modelVersion: '1',
  id: '',
  parameters: noParameters,
  outputs: [{ name: 'y', datatype, shape, data: new Uint8Array(0), parameters: noParameters }],
});
const layout = { areas: [{ name: 'y', offset: 2, byteSize: 12 }], byteSize: 14 };

test('readSharedOutputs takes as much as the shape says, and leaves nothing for the next answer', (t) => {
  using object = create(14);
  object.write(2, Uint8Array.of(1, 2, 3));
  const [output] = readSharedOutputs(answer('UINT8', [3]), layout, object).outputs;
  t.deepEqual([...(output?.data ?? [])], [1, 2, 3]);
  t.deepEqual([...object.read(0, 14)], Array(14).fill(255));
});

test('readSharedOutputs finds the end of strings', (t) => {
  using object = create(14);
  const strings = packBytes(['ab', 'c']);
  object.write(2, strings);
  const [output] = readSharedOutputs(answer('BYTES', [2]), layout, object).outputs;
  t.deepEqual(Buffer.from(output?.data ?? []), Buffer.from(strings));
});

for (const [datatype, shape] of [
  ['UINT8', [13]],
  ['BYTES', [1]],
  ['BYTES', [2 ** 40]],
] as const) {
  test(`readSharedOutputs refuses ${datatype} [${shape}] in 12 bytes that nobody wrote`, (t) => {
    using object = create(14);
    t.throws(() => readSharedOutputs(answer(datatype, shape), layout, object), {
      instanceOf: ProtocolError,
      message: /output 'y' of shape .* does not fit its 12 bytes of shared memory/,
    });
  });
}
