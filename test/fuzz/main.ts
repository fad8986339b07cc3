import { parseArgs } from 'node:util';
import { killVariants } from './killed-variants.js';
import { overload } from './overload.js';
import { fuzzServer } from './server-fuzz.js';
import { judgeAllVariants } from './variants-of-models.js';
import { fuzzWire } from './wire-fuzz.js';

/**
 * `npm run fuzz -- --calls 100000 --seed 1 --part wire|server|overload|variants --seconds 60`: ends with 1 when something is not as
 * it should be.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    part: { type: 'string', multiple: true, default: ['wire', 'server', 'overload', 'variants'] },
    seconds: { type: 'string', default: '60' },
  },
});
const [count, seed] = [Number(values.calls), Number(values.seed)];
const mostGrowthBytes = 64 * 2 ** 20;

if (values.part.includes('wire')) await wirePart();
if (values.part.includes('server')) await serverPart();
if (values.part.includes('overload')) await overloadPart();
if (values.part.includes('variants')) await variantsPart();

async function wirePart(): Promise<void> {
  for (const protocol of ['http', 'grpc'] as const) {
    const { calls, succeeded, differences } = await fuzzWire(protocol, count, seed);
    process.stdout.write(`${protocol}: ${calls} calls, ${succeeded} succeeded, ${differences.length} differences\n`);
    for (const difference of differences.slice(0, 20)) process.stdout.write(`  ${difference}\n`);
    if (differences.length > 0) process.exitCode = 1;
  }
}

async function serverPart(): Promise<void> {
  const { requests, connections, answered, internalErrors, exit, isServing, settledBytes } = await fuzzServer(
    count,
    seed,
  );
  const [before, early, late] = settledBytes;
  process.stdout.write(
    `server: ${requests} requests on ${connections} connections, ${answered} answered, ` +
      `${internalErrors.length} internal errors, ${isServing ? 'serves on' : `ended: ${exit}`}, ` +
      `resident without garbage ${mebibytes(before)} at first, ${mebibytes(early)} after a quarter, ${mebibytes(late)} at the end\n`,
  );
  for (const error of internalErrors.slice(0, 20)) process.stdout.write(`  ${error}\n`);
  const hasGrown = late - early > mostGrowthBytes;
  if (internalErrors.length > 0 || !isServing || hasGrown) process.exitCode = 1;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

async function overloadPart(): Promise<void> {
  for (const protocol of ['http', 'grpc'] as const) {
    const report = await overload(protocol, { durationMs: 1000 * Number(values.seconds), timesCapacity: 2 });
    const { capacityPerSecond, sent, ok, refused, others, served } = report;
    process.stdout.write(
      `overload ${protocol}: ${capacityPerSecond.toFixed(1)}/s alone; ${sent} sent = ${ok} ok + ${refused} refused + ` +
        `${others.length} others, ${served} counted by the server; ` +
        `ok ${quantiles(report.okMs)}, refused ${quantiles(report.refusedMs)}\n`,
    );
    for (const other of others.slice(0, 20)) process.stdout.write(`  ${other}\n`);
    if (others.length > 0 || ok + refused !== sent || served !== ok) process.exitCode = 1;
  }
}

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms`;
}

async function variantsPart(): Promise<void> {
  for await (const { model, precision, verdict, fault } of judgeAllVariants()) {
    process.stdout.write(`${model} ${precision}: ${verdict}${fault === undefined ? '' : `: WRONG, ${fault}`}\n`);
    if (fault !== undefined) process.exitCode = 1;
  }
  const { kills, files, faults } = await killVariants(20, seed);
  process.stdout.write(`variants: ${kills} runs killed, ${files} whole files left, ${faults.length} faults\n`);
  for (const fault of faults) process.stdout.write(`  ${fault}\n`);
  if (faults.length > 0) process.exitCode = 1;
}
