import test from 'ava';
import { datatypeFacts, fromConfigDatatype, isDatatype, toConfigDatatype } from '../../src/protocol/datatype.js';

test('datatypeFacts has the sizes and ranges of the protocol', (t) => {
  const sizes = Object.entries(datatypeFacts).map(([name, { sizeBytes }]) => `${name}:${sizeBytes}`);
  t.is(
    sizes.join(' '),
    'BOOL:1 UINT8:1 UINT16:2 UINT32:4 UINT64:8 INT8:1 INT16:2 INT32:4 INT64:8 FP16:2 BF16:2 FP32:4 FP64:8 BYTES:undefined',
  );
  t.deepEqual(datatypeFacts.INT8.range, [-128n, 127n]);
  t.deepEqual(datatypeFacts.UINT16.range, [0n, 65535n]);
  t.deepEqual(datatypeFacts.INT64.range, [-(2n ** 63n), 2n ** 63n - 1n]);
  t.deepEqual(datatypeFacts.UINT64.range, [0n, 2n ** 64n - 1n]);
});

test('isDatatype knows only own names', (t) => {
  t.true(isDatatype('FP32'));
  for (const text of ['fp32', '', 'TYPE_FP32', 'toString', '__proto__', 'constructor']) t.false(isDatatype(text), text);
});

test('fromConfigDatatype reverses toConfigDatatype', (t) => {
  for (const datatype of Object.keys(datatypeFacts).filter(isDatatype)) {
    t.is(fromConfigDatatype(toConfigDatatype(datatype)), datatype);
  }
  t.is(toConfigDatatype('BYTES'), 'TYPE_STRING');
  for (const text of ['TYPE_INVALID', 'FP32', 'TYPE_', 'BYTES', 'TYPE_TYPE_FP32']) {
    t.is(fromConfigDatatype(text), undefined, text);
  }
});
