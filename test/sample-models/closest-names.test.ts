import test from 'ava';
import { closestNames } from '../../sample-models/closest-names.js';

const names = ['resnet50', 'mobilenet_v2', 'simple', 'simple_string'];

for (const [wanted, expected] of [
  ['resnet', ['resnet50']],
  ['Resnet-50', ['resnet50']],
  ['simpel', ['simple']],
  ['simple_str', ['simple_string', 'simple']],
  ['mobilenet', ['mobilenet_v2']],
  ['', []],
  ['xyz', []],
] as const) {
  test(`closestNames of "${wanted}"`, (t) => {
    t.deepEqual(closestNames(wanted, names), expected);
  });
}
