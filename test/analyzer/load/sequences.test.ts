import test from 'ava';
import { keepConcurrency } from '../../../analyzer/load/keep-concurrency.js';
import type { Outcome } from '../../../analyzer/load/outcome.js';
import { inTurn } from '../../../analyzer/load/request-order.js';
import { sendOnSchedule } from '../../../analyzer/load/send-on-schedule.js';
import { type SequenceSource, sequenceSource } from '../../../analyzer/load/sequence-source.js';
import { openThreadPacer } from '../../../analyzer/load/thread-pacer.js';
import { http1Transport } from '../../../analyzer/wire/http1/http1-transport.js';
import { http2Transport } from '../../../analyzer/wire/http2/http2-transport.js';
import type { OpenTransport } from '../../../analyzer/wire/transport.js';
import { systemClock } from '../../../src/core/clock.js';
import type { SequenceSettings } from '../../../src/core/run-settings.js';
import { ns } from '../../../src/core/units.js';
import type { InferRequest } from '../../../src/protocol/infer.js';
import { faultsOf, steppedRequests as requests, sequencesIn, streams } from '../../helpers/seen-sequences.js';
import { startSequenceWitness, type WitnessOptions } from '../../helpers/sequence-witness.js';

const settings: SequenceSettings = {
  concurrent: 5,
  length: 6,
  lengthVariationPercent: 50,
  firstId: 1,
  idCount: 1000,
  isSerial: false,
};

const transports: {
  readonly [protocol in 'http' | 'grpc']: (port: number, sent?: readonly InferRequest[]) => OpenTransport;
} = {
  http: (port, sent = requests) =>
    http1Transport({ origin: `http://127.0.0.1:${port}`, requests: sent, clock: systemClock }),
  grpc: (port, sent = requests) => http2Transport({ address: `127.0.0.1:${port}`, requests: sent, clock: systemClock }),
};

interface LevelOptions {
  readonly sequences: SequenceSource;
  readonly open: OpenTransport;
  readonly requestCount: number;
  /** In flight at a time; of an open loop, at the most. */
  readonly concurrency: number;
  readonly isOpenLoop?: boolean;
}

/** One level of so many requests, over real sockets; what it told of them, and of sequences when they were all answered. */
async function level(options: LevelOptions) {
  const { sequences, open, requestCount: limit, concurrency, isOpenLoop = false } = options;
  const outcomes: Pick<Outcome, 'failure'>[] = [];
  const done = new AbortController();
  const common = {
    sequences,
    open,
    limit,
    order: inTurn(requests.length),
    clock: systemClock,
    drainLimitMs: 30_000,
    events: {
      onSent: () => undefined,
      onDropped: () => undefined,
      onOutcome: ({ failure }: Readonly<Outcome>) => {
        if (outcomes.push({ failure }) === limit) done.abort();
      },
    },
  };
  await using pacer = await openThreadPacer(systemClock);
  let sent = 0;
  const loop = isOpenLoop
    ? sendOnSchedule({
        ...common,
        pacer,
        schedule: () => ns(sent++ * 1e6),
        startAt: systemClock.now(),
        maxInFlight: concurrency,
      })
    : keepConcurrency({ ...common, concurrency });
  await systemClock.sleepUntil(ns(Number.POSITIVE_INFINITY), done.signal);
  const counts = loop.sequences;
  await loop.stop();
  return { outcomes, counts };
}

/** Answers take between 0 and 3 ms, by turns. */
const delayMs: WitnessOptions['delayMs'] = (index) => (index * 7) % 4;

for (const protocol of ['http', 'grpc'] as const) {
  test(`a closed loop over ${protocol} has a sequence for each request in flight`, async (t) => {
    await using witness = await startSequenceWitness(protocol, { delayMs });
    const sequences = sequenceSource({ settings, streams, seed: 1 });
    const open = transports[protocol](witness.port);
    const first = await level({ sequences, open, requestCount: 150, concurrency: 4 });
    const boundary = witness.events.length;
    const second = await level({ sequences, open, requestCount: 150, concurrency: 6 });
    t.deepEqual([first.outcomes.length, second.outcomes.length], [150, 150]);

    for (const [events, concurrency, { counts }] of [
      [witness.events.slice(0, boundary), 4, first],
      [witness.events.slice(boundary), 6, second],
    ] as const) {
      const { all, most, streams: used } = sequencesIn(events);
      t.deepEqual(
        all.flatMap((each) => faultsOf(each, true)),
        [],
      );
      t.is(most, concurrency);
      t.deepEqual([...used].toSorted(), [0, 1, 2]);
      const cut = events.filter(({ kind }) => kind === 'request').length - 150;
      t.true(cut <= concurrency);
      const lengths = all.map((sequence) => sequence.requests.length);
      t.true(lengths.every((length) => length >= 1 && length <= 9));
      t.true(lengths.filter((length) => length < 3).length <= concurrency, 'only those that the end cut are shorter');
      t.deepEqual(counts, { begun: all.length, completed: all.length - cut, failed: 0 });
    }
    const ids = witness.events.filter(({ kind, isStart }) => kind === 'request' && isStart).map(({ id }) => id);
    t.is(new Set(ids).size, ids.length);
  });

  test(`sequences over ${protocol} are as long as their streams, and their ids go round`, async (t) => {
    await using witness = await startSequenceWitness(protocol, { delayMs });
    const { length: _length, ...whole } = settings;
    const sequences = sequenceSource({ settings: { ...whole, firstId: 2 ** 32, idCount: 4 }, streams, seed: 1 });
    const open = transports[protocol](witness.port);
    await level({ sequences, open, requestCount: 120, concurrency: 3 });
    const { all } = sequencesIn(witness.events);
    t.deepEqual(
      all.flatMap((each) => faultsOf(each, true)),
      [],
    );
    t.deepEqual(
      [...new Set(all.map(({ id }) => id))].toSorted(),
      [0, 1, 2, 3].map((offset) => 2 ** 32 + offset),
    );
    const short = all.filter(({ requests }) => requests.length !== streams[requests[0]?.stream ?? 0]);
    t.true(short.length <= 3 && short.every((sequence) => all.indexOf(sequence) >= all.length - 4));
  });

  test(`a rate over ${protocol} is shared by serial sequences, which wait for their answers`, async (t) => {
    await using witness = await startSequenceWitness(protocol, { delayMs: (index) => delayMs(index) * 5 });
    const sequences = sequenceSource({ settings: { ...settings, isSerial: true }, streams, seed: 1 });
    const open = transports[protocol](witness.port);
    const { outcomes } = await level({ sequences, open, requestCount: 200, concurrency: 200, isOpenLoop: true });
    t.deepEqual([...new Set(outcomes.map(({ failure }) => failure?.code))], [undefined]);
    const { most, streams: used, all } = sequencesIn(witness.events);
    t.deepEqual(
      all.flatMap((each) => faultsOf(each, true)),
      [],
    );
    t.is(most, settings.concurrent);
    t.is(used.size, 3);
    t.true(all.every((sequence) => sequence.requests.length <= 9));
  });

  test(`a failed request over ${protocol} ends its sequence`, async (t) => {
    const isRefused = (index: number) => index % 10 === 9;
    await using witness = await startSequenceWitness(protocol, { delayMs, isRefused });
    const sequences = sequenceSource({ settings, streams, seed: 1 });
    const open = transports[protocol](witness.port);
    const { outcomes, counts } = await level({ sequences, open, requestCount: 100, concurrency: 1 });
    t.is(outcomes.filter(({ failure }) => failure !== undefined).length, 10);
    const sent = witness.events.filter(({ kind }) => kind === 'request');
    for (const [index, { id, isStart, isEnd }] of sent.entries()) {
      const before = sent[index - 1];
      if (before === undefined) continue;
      t.is(isStart, before.isEnd || (isRefused(index - 1) && before.isStart));
      t.is(id !== before.id, isStart);
      if (isRefused(index - 1) && !before.isStart && !before.isEnd) t.true(isEnd);
    }
    t.is(counts?.failed, 10);
  });
}

test('a rate over http is shared by sequences that do not wait, whose requests may overtake one another', async (t) => {
  await using witness = await startSequenceWitness('http', { delayMs: (index) => (index % 5) * 10 });
  const sequences = sequenceSource({ settings, streams, seed: 1 });
  const open = transports.http(witness.port);
  const { outcomes } = await level({ sequences, open, requestCount: 200, concurrency: 200, isOpenLoop: true });
  t.deepEqual([...new Set(outcomes.map(({ failure }) => failure?.code))], [undefined]);
  const sent = witness.events.filter(({ kind }) => kind === 'request');
  const byId = new Map(sent.map(({ id }) => [id, sent.filter((event) => event.id === id)]));
  t.true(byId.size >= 200 / 9);
  for (const [id, all] of byId) {
    const steps = streams[all[0]?.stream ?? 0] ?? 0;
    const seen = all.map(({ stream, step, isStart, isEnd }) => [stream, step, isStart, isEnd].join()).toSorted();
    const due = all.map((_, index) => [all[0]?.stream, index % steps, index === 0, index === all.length - 1].join());
    t.deepEqual(seen, due.toSorted(), `sequence ${id}`);
  }
});

test('a rate over grpc is shared by sequences that do not wait', async (t) => {
  await using witness = await startSequenceWitness('grpc', { delayMs: () => 20 });
  const sequences = sequenceSource({ settings, streams, seed: 1 });
  const small = requests.map((request) => ({
    ...request,
    inputs: request.inputs.map((input) => ({ ...input, data: input.data.subarray(0, 16) })),
  }));
  const open = transports.grpc(witness.port, small);
  await level({ sequences, open, requestCount: 200, concurrency: 200, isOpenLoop: true });
  const { streams: used, all } = sequencesIn(witness.events);
  t.deepEqual(
    all.flatMap((each) => faultsOf(each, false)),
    [],
  );
  t.true(
    all.some((each) => faultsOf(each, true).length > 0),
    'some have several requests in flight',
  );
  t.is(used.size, 3);
  t.true(all.every((sequence) => sequence.requests.length <= 9));
});
