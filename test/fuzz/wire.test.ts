import test from 'ava';
import { fuzzWire } from './wire-fuzz.js';

for (const protocol of ['http', 'grpc'] as const) {
  test(`the ${protocol} wire and its oracle agree on random answers`, async (t) => {
    const { differences, succeeded } = await fuzzWire(protocol, 600, 20_261_121);
    t.deepEqual(differences, []);
    t.true(succeeded > 300);
  });
}
