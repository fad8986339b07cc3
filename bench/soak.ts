import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { constantRate } from '../analyzer/load/constant-rate.js';
import type { Level } from '../src/core/run.js';
import { startFixedServers } from './wire-servers.js';

const run = promisify(execFile);
const client = fileURLToPath(new URL('open-loop-client.js', import.meta.url));

const minutes = 10;
const windowMs = 60_000;
const load = constantRate(20_000, 1024);
/** What is filled in the first half minute is not growth. */
const settledAfterMs = 30_000;
const lookEveryMs = 5000;
const mebibyte = 2 ** 20;

/**
 * Ten minutes at 20,000 requests/s over HTTP against nginx on core 0, the client on core 1, in windows of a minute: does the
 * client's resident memory grow?
 */
export async function benchSoak(): Promise<void> {
  await using servers = await startFixedServers();
  const trials = String((minutes * 60_000) / windowMs);
  const command = ['-c', '1', process.execPath, client, 'http', String(servers.httpPort), JSON.stringify(load)];
  const running = run('taskset', [...command, String(windowMs), trials], { maxBuffer: 2 ** 30 });
  const resident: { readonly atMs: number; readonly bytes: number }[] = [];
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const bytes = residentBytes(running.child.pid);
    const atMs = performance.now() - startedAt;
    if (bytes > 0) resident.push({ atMs, bytes });
    console.error(`soak: ${(atMs / 1000).toFixed(0)} s, ${(bytes / mebibyte).toFixed(1)} MiB`);
  }, lookEveryMs);
  const level = JSON.parse((await running.finally(() => clearInterval(timer))).stdout) as Level;
  const settled = resident.filter(({ atMs }) => atMs > settledAfterMs).map(({ bytes }) => bytes / mebibyte);
  const [first = Number.NaN] = settled;
  const growth = Math.max(...settled) - first;
  const { intended, sent, dropped, ok, failed, inFlight } = level.requests;
  console.log(`| soak, ${minutes} min at 20,000 requests/s over HTTP | measured | must hold |`);
  console.log('|---|---|---|');
  console.log(`| resident memory after 30 s, MiB | ${first.toFixed(1)} | |`);
  console.log(`| its largest growth from there, MiB | ${growth.toFixed(1)} | < 32: ${growth < 32 ? 'yes' : 'NO'} |`);
  console.log(`| achieved rate, requests/s | ${(ok / (minutes * 60)).toFixed(0)} | |`);
  console.log(`| intended = sent + dropped | ${intended} = ${sent} + ${dropped} | |`);
  console.log(`| sent = ok + failed + in flight | ${sent} = ${ok} + ${failed} + ${inFlight} | |`);
}

/** From `/proc`; 0 when the process is gone. `taskset` becomes the client, so their process is one. */
function residentBytes(pid: number | undefined): number {
  try {
    const [, pages = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
    return pages * 4096;
  } catch {
    return 0;
  }
}
