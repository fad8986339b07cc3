import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import test from 'ava';
import { createProgress, type ProgressMode } from '../../../src/cli/progress/create-progress.js';
import { liveLine } from '../../../src/cli/progress/live-line.js';
import type { Progress } from '../../../src/cli/progress/progress.js';
import { levelFixture, runFixture, viewFixture } from '../../helpers/run-fixture.js';

const level = levelFixture({ concurrency: 1, latenciesMs: [10, 11, 12] });
const doneLine = 'concurrency 1: 3.00 infer/s, mean 11.000 ms, p99 12.000 ms (1 windows)';
const plan = { settings: runFixture([]).settings, levelsLeft: 0 };

const viewAt = (window: number) => viewFixture(level.load, window);

/** A stream for progress, and what was written to it so far. */
async function watched(mode: ProgressMode | 'live'): Promise<{ progress: Progress; written: () => string }> {
  const stream = new PassThrough().setEncoding('utf8');
  let text = '';
  stream.on('data', (piece: string) => {
    text += piece;
  });
  const terminal = { isTTY: true, columns: 120, rows: 40 };
  return {
    progress:
      mode === 'live'
        ? liveLine(Object.assign(stream, terminal) as unknown as WriteStream)
        : await createProgress(stream as unknown as WriteStream, mode),
    written: () => text,
  };
}

test('createProgress writes plain lines to what is no terminal: a step once, a level when it is done', async (t) => {
  const { progress, written } = await watched('tty');
  progress.show('building', 0.1);
  progress.show('building', 0.9);
  progress.say('Server: here.');
  progress.startLevel(() => viewAt(1), plan);
  progress.endLevel(level);
  progress.close();
  t.is(written(), `building ...\nServer: here.\n${doneLine}\n`);
});

test('neither lines nor a live line let a text of a server command the terminal', async (t) => {
  for (const mode of ['lines', 'live'] as const) {
    const { progress, written } = await watched(mode);
    progress.say('http 503: \x1b]0;title\x07\x1b[2Jgone\rover\n\tat \x9bc');
    t.true(written().includes('http 503:  ]0;title  [2Jgone over\n\tat  c\n'));
    progress.close();
  }
});

test('liveLine draws a bar on a terminal', async (t) => {
  const { progress, written } = await watched('live');
  progress.show('building', 0.5);
  t.regex(written(), /building █{12}░{12} 50 %/);
  progress.close();
});

test('liveLine redraws the line of a level on a terminal until it is done', async (t) => {
  const { progress, written } = await watched('live');
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

test('createProgress json tells what happens as a document a line, none tells nothing', async (t) => {
  for (const [mode, expected] of [
    ['json', ['step', 'message', 'level-start', 'level-done', 'search', 'end']],
    ['none', []],
  ] as const) {
    const { progress, written } = await watched(mode);
    progress.show('building', 0.1);
    progress.say('Server: here.');
    progress.startLevel(() => viewAt(1), plan);
    progress.endLevel(level);
    progress.search({ candidate: 'concurrency 1', measured: 0, best: undefined });
    progress.close();
    const events = written()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
    t.deepEqual(
      events.map(({ event }) => event),
      expected,
    );
    if (mode === 'json') t.like(events[3], { load: level.load, summary: { throughput: 3 } });
  }
});
