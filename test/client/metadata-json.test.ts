import test from 'ava';
import { modelMetadataFrom, serverMetadataFrom } from '../../src/client/metadata-json.js';
import { V2Error } from '../../src/client/v2-client.js';

test('serverMetadataFrom needs a name only', (t) => {
  t.deepEqual(serverMetadataFrom({ name: 's' }), { name: 's', version: '', extensions: [] });
  t.deepEqual(serverMetadataFrom({ name: 's', version: '2', extensions: ['statistics'] }).extensions, ['statistics']);
});

for (const json of ['<html>', null, [], {}, { name: 3 }]) {
  test(`serverMetadataFrom refuses ${JSON.stringify(json)}`, (t) => {
    t.throws(() => serverMetadataFrom(json), { instanceOf: V2Error });
  });
}

test('modelMetadataFrom does without versions, platform and outputs', (t) => {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }];
  t.deepEqual(modelMetadataFrom({ name: 'm', versions: null, inputs }, 'm'), {
    name: 'm',
    versions: [],
    platform: '',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
    outputs: [],
  });
});

test('modelMetadataFrom refuses inputs that are none', (t) => {
  for (const inputs of [undefined, [{ name: 'x' }], [{ name: 'x', datatype: 'FP7', shape: [1] }]]) {
    t.throws(() => modelMetadataFrom({ name: 'm', inputs }, 'm'), { instanceOf: V2Error });
  }
});
