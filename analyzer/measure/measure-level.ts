import type { Clock } from '../../src/core/clock.js';
import type { Load } from '../../src/core/load.js';
import type { Instability, Level, SequenceCounts, Stability } from '../../src/core/run.js';
import type { MeasurementSettings, SequenceSettings } from '../../src/core/run-settings.js';
import { fromMs, minus, type Nanoseconds, plus, toSeconds } from '../../src/core/units.js';
import type { LoadLoop } from '../load/load-loop.js';
import { type LoadEvents, type Outcome, toldBefore } from '../load/outcome.js';
import type { PlannedLoad } from '../load/plan-load.js';
import type { OpenSender } from '../load/sender.js';
import { type SilenceWatch, watchSilence } from '../load/silence.js';
import { warmUp } from '../load/warm-up.js';
import type { Targets } from '../targets/targets.js';
import { assembleLevel } from './assemble-level.js';
import { checkLevel } from './check-level.js';
import { clientHealth, type StartClientMeter } from './client-meter.js';
import { createLedgers } from './completion-ledger.js';
import type { ComposingSource } from './composing-statistics.js';
import { createFailureTally } from './failure-tally.js';
import { createAdaptiveJudge } from './judge-adaptive.js';
import { createCertifyJudge } from './judge-certify.js';
import { type JudgeLevel, type Judgement, type JudgeOptions, judgeLevel, notYetJudged } from './judge-level.js';
import { createProbeJudge } from './judge-probe.js';
import { createScenarioJudge } from './judge-scenario.js';
import { judgeValidity, withParts } from './judge-validity.js';
import { countsOf, createLevelParts } from './level-parts.js';
import { type LevelView, levelView } from './level-view.js';
import { type MetricsSource, pollMetrics } from './metrics-polls.js';
import { createRequestCounter } from './request-counter.js';
import { createSampleLog } from './sample-log.js';
import { createServerSnapshots, type ReadStatistics } from './server-snapshots.js';
import { createWindowSeries, type WindowRecord, type WindowRule } from './window-series.js';

export interface LevelOptions extends JudgeOptions {
  readonly planned: PlannedLoad;
  /** As the sender has them; absent when requests belong to none. */
  readonly sequences?: SequenceSettings;
  /** Requests go to streams. */
  readonly isStreamed?: boolean | undefined;
  /** Several models, or servers; absent: one model on one server. */
  readonly targets?: Targets | undefined;
}

/** Begins the record of a level; the function that it gives gets each valid answer, before the windows do. */
export type RecordAnswers = (
  load: Load,
  startedAt: Nanoseconds,
) => (answer: Pick<Outcome, 'sentAt' | 'lastAt' | 'request' | 'sequenceId' | 'responseTimes' | 'outputTexts'>) => void;

export interface LevelPorts {
  readonly openSender: OpenSender;
  readonly clock: Clock;
  readonly startMeter: StartClientMeter;
  readonly readStatistics: ReadStatistics;
  /** Given when other models work within the measured one. */
  readonly composing?: ComposingSource | undefined;
  /** Given when the server's metrics endpoint is to be polled. */
  readonly metrics?: MetricsSource | undefined;
  /** Given when every request is kept. */
  readonly recordAnswers?: RecordAnswers | undefined;
  /** Gets, once a level, a function that shows how far it is. */
  readonly onStart: (view: () => LevelView) => void;
}

/** Why a level may end before it is stable; the `reason` of the signal that ends it. */
export type StopReason = Extract<Instability, 'interrupted' | 'server-lost' | 'no-answer'>;

/**
 * Holds one load level, window after window, until the last three agree (or an adaptive level is sure), the latency limit is reached, the trials are
 * used up, nobody answers for too long, or `signal` aborts with a `StopReason`. Failures are counted and never end the level, but for a whole window
 * in which nothing could be reached. Rejects only for bugs.
 */
export async function measureLevel(options: LevelOptions, ports: LevelPorts, signal: AbortSignal): Promise<Level> {
  const { planned, batchSize, measurement, targets } = options;
  const { load } = planned;
  const { clock, readStatistics } = ports;
  const tally = createFailureTally();
  const log = createSampleLog();
  const judge = judgeOf(options);
  const counter = createRequestCounter();
  const silence = watchSilence(measurement.silenceLimitMs);
  const ending = AbortSignal.any([signal, silence.signal]);
  const done = new AbortController();
  let judgement = notYetJudged;
  let grownFrom = 0;
  let loop: LoadLoop | undefined; // the first window may end before the load has returned from its start

  const parts = createLevelParts(targets, () => series.isFinished);
  const ledger = createLedgers(targets);
  const snapshots = createServerSnapshots(readStatistics, ledger.all, ports.composing);
  const events: LoadEvents = {
    onSent: (intendedAt, sentAt, request) => {
      counter.onSent(intendedAt, sentAt, request);
      silence.onSent(intendedAt, sentAt, request);
      series.onSent(intendedAt, sentAt, request);
    },
    onDropped: (intendedAt, request) => {
      counter.onDropped(intendedAt, request);
      series.onDropped(intendedAt, request);
    },
    onOutcome: (outcome) => {
      const { failure, lastAt, sentAt, request } = outcome;
      if (failure === undefined) ledger.of(request).record(minus(lastAt, sentAt));
      else if (!series.isFinished) tally.add(failure);
      counter.onOutcome(outcome);
      silence.onOutcome(outcome);
      if (failure === undefined && !series.isFinished) {
        onAnswer?.(outcome);
        log.record(lastAt, minus(lastAt, outcome.intendedAt));
      }
      series.onOutcome(outcome);
    },
  };
  await using sender = ports.openSender();
  const { warmupRequestCount, requestCount } = measurement;
  if (warmupRequestCount > 0) {
    await warmUp(planned, { sender, clock, requests: warmupRequestCount, silence }, signal);
  }
  const exactly = measurement.mode === 'request_count' ? requestCount : undefined;
  const limit = ending.aborted ? 0 : exactly;
  await using ready = await sender.prepare({ planned, events: toldBefore(parts, events), limit });
  await snapshots.take();
  using meter = ports.startMeter();
  const polls = ports.metrics && pollMetrics(ports.metrics, clock);
  const startedAt = clock.now();
  const series = createWindowSeries({
    rule: windowRule(measurement),
    startedAt,
    isPaced: 'schedule' in planned,
    isStreamed: options.isStreamed,
    parts,
    onClose: (window) => {
      void snapshots.take();
      if (loop?.isGrown === false) grownFrom = series.closed.length;
      judgement = judge(series.closed, log, grownFrom);
      if (!judgement.isDone) return;
      series.finish(window.endedAt, false);
      done.abort();
    },
  });
  const onAnswer = ports.recordAnswers?.(load, startedAt);
  loop = ready.start(startedAt);
  ports.onStart(() =>
    levelView({
      load,
      batchSize,
      maxTrials: measurement.mode === 'request_count' ? 1 : measurement.maxTrials,
      series,
      server: snapshots.split(0, series.closed.length),
      stability: judgement.stability,
      startedAt,
      now: clock.now(),
    }),
  );

  const stopped = AbortSignal.any([ending, done.signal, sender.crashed]);
  while (!stopped.aborted) {
    await clock.sleepUntil(nextLook(series.current, clock), stopped);
    series.advance(loop.toldUntil);
    if (isCounted(measurement)) silence.look(loop.toldUntil);
  }
  sender.crashed.throwIfAborted();
  await loop.halt();
  let stability: Stability = judgement.stability;
  if (!done.signal.aborted) {
    stability = { stable: false, reason: stopReason(ending) };
    const isFirstWindow = series.closed.length === 0; // a cut window counts only when there is no whole one
    if (isFirstWindow) void snapshots.take();
    series.finish(silentSince(series.current, silence) ?? loop.toldUntil, isFirstWindow);
  }
  const requests = counter.counts(loop.inFlight);
  const sequences = sequenceFigures(loop.sequences, minus(loop.toldUntil, startedAt));
  const partCounts = countsOf(parts);
  const health = clientHealth(await meter.read(), requests.sent);
  await Promise.all([snapshots.settled(), polls?.stop()]); // before requests that no window has
  await loop.stop(silence.signal.aborted ? 0 : undefined);

  const { parts: assembledParts, ...assembled } = assembleLevel({
    load,
    batchSize,
    measurement,
    windows: series.closed,
    snapshots,
    polls,
    parts,
    partCounts,
    log,
    settled: judgement.settled,
  });
  const { verdicts, ...reported } = assembledParts;
  const { maxErrorRatePercent } = measurement;
  const checks = checkLevel({ batchSize, isPlain: isPlain(options), ...assembled });
  return {
    ...assembled,
    ...reported,
    stability,
    ...answersOf(judgement),
    isOverLimit: judgement.isOverLimit,
    requests,
    ...sequences,
    clientHealth: health,
    verdict: withParts(
      judgeValidity({
        load,
        summary: assembled.summary,
        checks,
        requests,
        clientHealth: health,
        maxErrorRatePercent,
        isProbe: judgement.probe !== undefined,
        isSerial: options.sequences?.isSerial === true,
        isSequenced: options.sequences !== undefined,
      }),
      verdicts,
    ),
    checks,
    failures: tally.counts(),
  };
}

/** One model on one server, whose requests have one answer each. */
const isPlain = ({ targets, isStreamed }: LevelOptions): boolean => targets === undefined && isStreamed !== true;

const answersOf = ({
  certification,
  probe,
  scenario,
}: Judgement): Pick<Level, 'certification' | 'probe' | 'scenario'> => ({
  ...(certification === undefined ? {} : { certification }),
  ...(probe === undefined ? {} : { probe }),
  ...(scenario === undefined ? {} : { scenario }),
});

function sequenceFigures(counts: SequenceCounts | undefined, duration: Nanoseconds): Pick<Level, 'sequences'> {
  if (counts === undefined) return {};
  return { sequences: { ...counts, completedPerSecond: duration > 0 ? counts.completed / toSeconds(duration) : 0 } };
}

function judgeOf(options: LevelOptions): JudgeLevel {
  const { certify, maxRate, scenario, adaptive } = options.measurement;
  if (scenario !== undefined) return createScenarioJudge(scenario, options.batchSize);
  if (maxRate !== undefined) return createProbeJudge(maxRate);
  if (certify !== undefined) return createCertifyJudge(certify);
  if (adaptive !== undefined) return createAdaptiveJudge(options, adaptive);
  return (windows, _log, grownFrom) => judgeLevel(windows, options, grownFrom);
}

function windowRule({ mode, intervalMs, requestCount }: MeasurementSettings): WindowRule {
  if (mode === 'time_windows' || mode === 'adaptive') return { kind: 'time', interval: fromMs(intervalMs) };
  return { kind: mode === 'count_windows' ? 'count' : 'total', requests: requestCount };
}

/** Windows end by a count of requests, not by themselves. */
const isCounted = ({ mode }: MeasurementSettings): boolean => mode === 'count_windows' || mode === 'request_count';

const stopReason = ({ reason }: AbortSignal): StopReason =>
  reason === 'server-lost' || reason === 'no-answer' ? reason : 'interrupted';

/** Where a window that was answered at first, and then no more, has its end: the silence is no part of its rate. */
const silentSince = ({ latencies }: WindowRecord, { signal, since }: SilenceWatch): Nanoseconds | undefined =>
  signal.aborted && latencies.count > 0 ? since : undefined;

/**
 * Time windows must be closed at their end even without answers; count windows close by themselves. A window that has ended and
 * is open still waits for what has not been told.
 */
function nextLook({ endedAt }: WindowRecord, clock: Clock): Nanoseconds {
  const now = clock.now();
  if (!Number.isFinite(endedAt)) return plus(now, fromMs(1000));
  return endedAt > now ? endedAt : plus(now, fromMs(5));
}
