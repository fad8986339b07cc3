import { parseArgs } from 'node:util';
import { fuzzWire } from './wire-fuzz.js';

/** `npm run fuzz -- --calls 100000 --seed 1`: ends with 1 when a wire and its oracle differ. */
const { values } = parseArgs({
  options: { calls: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
for (const protocol of ['http', 'grpc'] as const) {
  const { calls, succeeded, differences } = await fuzzWire(protocol, Number(values.calls), Number(values.seed));
  process.stdout.write(`${protocol}: ${calls} calls, ${succeeded} succeeded, ${differences.length} differences\n`);
  for (const difference of differences.slice(0, 20)) process.stdout.write(`  ${difference}\n`);
  if (differences.length > 0) process.exitCode = 1;
}
