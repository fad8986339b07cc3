import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import test from 'ava';
import type { LevelView } from '../../../analyzer/measure/level-view.js';
import { createProgress } from '../../../src/cli/progress/create-progress.js';
import type { Progress } from '../../../src/cli/progress/progress.js';
import { levelFixture, runFixture } from '../../helpers/run-fixture.js';

const level = levelFixture({ concurrency: 1, latenciesMs: [10, 11, 12] });
const doneLine = 'concurrency 1: 3.00 infer/s, mean 11.000 ms, p99 12.000 ms (1 windows)';
const plan = { settings: runFixture([]).settings, levelsLeft: 0 };

const viewAt = (window: number): LevelView => ({
  load: level.load,
  window,
  maxTrials: 10,
  elapsedMs: 1000,
  windowElapsedMs: 0,
  throughput: 3,
  requests: 3,
  failedRequests: 0,
  p99Ms: 12,
  stability: { stable: false, reason: 'too-few-windows' },
});

/** A stream for progress, and what was written to it so far. */
function watched(isTty: boolean): { progress: Progress; written: () => string } {
  const stream = new PassThrough().setEncoding('utf8');
  let text = '';
  stream.on('data', (piece: string) => {
    text += piece;
  });
  const terminal = Object.assign(stream, isTty ? { isTTY: true, columns: 120, rows: 40 } : {});
  return {
    progress: createProgress(terminal as unknown as WriteStream),
    written: () => text,
  };
}

test('createProgress writes plain lines to what is no terminal: a step once, a level when it is done', (t) => {
  const { progress, written } = watched(false);
  progress.show('building', 0.1);
  progress.show('building', 0.9);
  progress.say('Server: here.');
  progress.startLevel(() => viewAt(1), plan);
  progress.endLevel(level);
  progress.close();
  t.is(written(), `building ...\nServer: here.\n${doneLine}\n`);
});

test('createProgress draws a bar on a terminal', (t) => {
  const { progress, written } = watched(true);
  progress.show('building', 0.5);
  t.regex(written(), /building █{12}░{12} 50 %/);
  progress.close();
});

test('createProgress redraws the line of a level on a terminal until it is done', async (t) => {
  const { progress, written } = watched(true);
  let window = 1;
  progress.startLevel(() => viewAt(window), plan);
  t.regex(written(), /concurrency 1 of 1–2 {3}window 1\/10/);
  window = 2;
  while (!written().includes('window 2/10')) await new Promise((resolve) => setTimeout(resolve, 20));
  progress.say('Interrupted.');
  progress.endLevel(level);
  const atEnd = written();
  t.true(atEnd.endsWith(`${doneLine}\n`));
  t.true(atEnd.includes('Interrupted.\n'));
  progress.close();
  window = 3;
  await new Promise((resolve) => setTimeout(resolve, 500)); // more than twice as long as between two drawings
  t.false(written().includes('window 3/10'));
});
