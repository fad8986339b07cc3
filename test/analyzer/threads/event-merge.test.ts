import test from 'ava';
import { emptyOutcome, type LoadEvents, type Outcome } from '../../../analyzer/load/outcome.js';
import { createRequestCounter } from '../../../analyzer/measure/request-counter.js';
import { createWindowSeries } from '../../../analyzer/measure/window-series.js';
import { createEventMerge } from '../../../analyzer/threads/event-merge.js';
import { createEventWriter, type EventReport } from '../../../analyzer/threads/event-report.js';
import type { Clock } from '../../../src/core/clock.js';
import type { Failure } from '../../../src/core/failure.js';
import { seededRandom } from '../../../src/core/random.js';
import { type Nanoseconds, ns } from '../../../src/core/units.js';

type Event =
  | { readonly kind: 'sent' | 'dropped'; readonly at: Nanoseconds; readonly request: number }
  | { readonly kind: 'outcome'; readonly at: Nanoseconds; readonly outcome: Outcome };

const failures: readonly (Failure | undefined)[] = [
  undefined,
  undefined,
  undefined,
  { code: 'http 503', message: 'busy' },
  { code: 'timeout', message: 'late' },
];

/** What a thread could tell: in the order of the times, no two at the same time. */
function eventsOf(thread: number, count: number): Event[] {
  const random = seededRandom(thread + 1);
  const events: Event[] = [];
  for (let index = 0; index < count; index++) {
    const sentAt = ns(index * 1000 + Math.floor(random() * 900) + thread / 8);
    if (random() < 0.1) {
      events.push({ kind: 'dropped', at: sentAt, request: index });
      continue;
    }
    const lastAt = ns(sentAt + 100 + Math.floor(random() * 20_000) + 0.5);
    const failure = failures[Math.floor(random() * failures.length)];
    const times = { intendedAt: ns(sentAt - 5), sentAt, handedAt: ns(sentAt + 1), firstAt: ns(lastAt - 2), lastAt };
    events.push({ kind: 'sent', at: sentAt, request: index });
    const responses = failure === undefined ? Math.floor(random() * 4) : 0;
    const said = {
      sequenceId: random() < 0.5 ? index + 1 : undefined,
      responseTimes: Array.from({ length: responses }, (_, response) => ns(lastAt - response)),
      outputTexts: Array.from({ length: responses }, () => (random() < 0.3 ? undefined : `{"OUT":${random()}}`)),
    };
    const outcome = { ...emptyOutcome(), request: index, ...times, failure, ...said };
    events.push({ kind: 'outcome', at: lastAt, outcome });
  }
  return events.sort((left, right) => left.at - right.at);
}

function tell(events: LoadEvents, event: Event): void {
  if (event.kind === 'outcome') events.onOutcome(event.outcome);
  else if (event.kind === 'sent') events.onSent(ns(event.at - 5), event.at, event.request);
  else events.onDropped(ns(event.at - 5), event.request);
}

/** Everything that the measurement makes of events. */
function createRecord() {
  const counter = createRequestCounter();
  const order: string[] = [];
  const series = createWindowSeries({
    rule: { kind: 'time', interval: ns(50_000) },
    startedAt: ns(-1000),
    isPaced: true,
    onClose: () => undefined,
  });
  const events: LoadEvents = {
    onSent: (intendedAt, sentAt, request) => {
      order.push(`sent ${intendedAt} ${sentAt} ${request}`);
      counter.onSent(intendedAt, sentAt, request);
      series.onSent(intendedAt, sentAt, request);
    },
    onDropped: (intendedAt, request) => {
      order.push(`dropped ${intendedAt} ${request}`);
      counter.onDropped(intendedAt, request);
      series.onDropped(intendedAt, request);
    },
    onOutcome: (outcome) => {
      order.push(JSON.stringify(outcome));
      counter.onOutcome(outcome);
      series.onOutcome(outcome);
    },
  };
  const result = () => ({
    order,
    counts: counter.counts(0),
    windows: series.closed.map(({ startedAt, latencies, paced, failedRequests, sendTime }) => ({
      startedAt,
      failedRequests,
      sendTime,
      latencies: latencies.summarise([50, 99]),
      service: paced?.serviceTimes.summarise([50, 99]),
      lags: paced?.sendLags.summarise([50, 99]),
      intended: paced?.intended,
      dropped: paced?.dropped,
    })),
  });
  return { events, result, counts: () => counter.counts(0) };
}

for (const threads of [1, 2, 5]) {
  test(`createEventMerge of ${threads} threads cannot be told from one, however they report`, (t) => {
    const all = Array.from({ length: threads }, (_, thread) => eventsOf(thread, 3000));
    const expected = createRecord();
    for (const event of all.flat().sort((left, right) => left.at - right.at)) tell(expected.events, event);

    const merged = createRecord();
    const merge = createEventMerge(threads, merged.events);
    const random = seededRandom(99);
    const feeds = all.map((events, thread) => {
      let now = ns(0);
      const clock = { now: () => now } as Clock;
      const writer = createEventWriter(clock, (report: EventReport) => merge.accept(thread, structuredClone(report)));
      let next = 0;
      return {
        isDone: () => next === events.length,
        /** Goes on for a while, and reports or not. */
        run: () => {
          for (let left = Math.floor(random() * 700); left > 0 && next < events.length; left--, next++) {
            const event = events[next];
            if (event === undefined) break;
            now = event.at;
            tell(writer, event);
          }
          if (random() < 0.5) writer.report(ns(events[next]?.at ?? Number.POSITIVE_INFINITY));
        },
        end: () => writer.report(ns(Number.POSITIVE_INFINITY)),
      };
    });
    while (feeds.some((feed) => !feed.isDone())) {
      feeds[Math.floor(random() * threads)]?.run();
      const { sent, ok, failed } = merged.counts();
      t.is(merge.inFlight, sent - ok - failed);
    }
    for (const feed of feeds) feed.end();
    t.is(merge.toldUntil, ns(Number.POSITIVE_INFINITY));
    t.is(merge.inFlight, 0);
    t.deepEqual(merged.result(), expected.result());
    t.true(merged.result().windows.length > 40);
  });
}

test('createEventMerge tells nothing that another thread may still come before', (t) => {
  const told: number[] = [];
  const merge = createEventMerge(2, {
    onSent: (_intendedAt, sentAt) => told.push(sentAt),
    onDropped: () => undefined,
    onOutcome: () => undefined,
  });
  const report = (until: number, ...sent: readonly number[]): EventReport => ({
    dispatches: Float64Array.from(sent.flatMap((at) => [at, at, 0, 1])),
    outcomes: new Float64Array(0),
    responseTimes: new Float64Array(0),
    outputTexts: [],
    failures: [],
    until: ns(until),
  });
  merge.accept(0, report(10, 1, 9));
  t.deepEqual([told, merge.toldUntil], [[], ns(Number.NEGATIVE_INFINITY)]);
  merge.accept(1, report(5, 2));
  t.deepEqual([told, merge.toldUntil], [[1, 2], ns(5)]);
  merge.accept(1, report(20, 6, 15));
  t.deepEqual([told, merge.toldUntil], [[1, 2, 6, 9], ns(10)]);
});
