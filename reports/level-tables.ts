import { supportedMs } from '../src/core/certainty.js';
import { isOpenLoop, levelTitle, levelValue } from '../src/core/load-name.js';
import type { LatencySummary, Level, Measured, Run } from '../src/core/run.js';
import type { Column, Table } from './column.js';
import { isDecoupled, networkMs, serviceTime } from './csv.js';
import { levelMarks } from './marks.js';

/** The tables of levels in every report: only those for which the run has figures, in the order of reading. */
export interface LevelTables {
  readonly latency: Table<Level>;
  /** Open loop: what the response time is made of. */
  readonly pacing?: Table<Level>;
  /** Requests with any number of responses: latency is to the last one. */
  readonly streams?: Table<Level>;
  readonly server?: Table<Level>;
  /** What the client did meanwhile. */
  readonly client: Table<Level>;
}

export function levelTables(run: Run): LevelTables {
  const { levels } = run;
  const measured = levels.filter(({ summary }) => summary.requests > 0);
  const hasServer = measured.some(({ summary }) => summary.server !== undefined);
  const isDecoupledRun = measured.some(({ summary }) => isDecoupled(summary));
  return {
    latency: { key: 'latency', title: 'Latency (ms)', columns: latencyColumns(run), rows: levels },
    ...(isOpenLoop(run.settings.load)
      ? {
          pacing: {
            key: 'pacing',
            title: 'Open loop: response time (above) = send lag + service time (ms)',
            columns: pacingColumns(run),
            rows: levels,
          },
        }
      : {}),
    ...(isDecoupledRun
      ? {
          streams: {
            key: 'streams',
            title: 'Streams: time to the first response; latency (above) is to the last one (ms)',
            columns: streamColumns(run),
            rows: measured,
          },
        }
      : {}),
    ...(hasServer
      ? {
          server: {
            key: 'server',
            title: 'Server, mean per request (ms); other: its overhead, rest: network and I/O',
            columns: serverColumns(run),
            rows: measured,
          },
        }
      : {}),
    client: {
      key: 'client',
      title: 'Client (ms): CPU per request, event-loop delay, garbage collections',
      columns: clientColumns(run),
      rows: levels,
    },
  };
}

/** Names the level of a row. */
export const levelColumn = ({ settings }: Pick<Run, 'settings'>): Column<Level> => ({
  key: 'level',
  title: levelTitle(settings.load).toLowerCase(),
  name: levelTitle(settings.load).toLowerCase(),
  unit: '',
  value: ({ load }) => String(Number(levelValue(load).toPrecision(6))),
});

export const throughputForm = {
  key: 'throughput',
  title: 'infer/s',
  name: 'throughput',
  unit: 'infer/s',
  digits: 2,
  significant: 5,
} as const;

type Pick1 = (level: Level) => number | undefined;

/** Milliseconds with four digits: a percentile is within 0.1 %. All digits are in the JSON document. */
const ms = (title: string, key: string, name: string, value: Pick1): Column<Level> => ({
  key,
  title,
  name,
  unit: 'ms',
  value,
  digits: 3,
  significant: 4,
});

const count = (title: string, key: string, name: string, value: Pick1): Column<Level> => ({
  key,
  title,
  name,
  unit: '',
  value,
});

/** The percentiles that a run shows: the usual ones, and the one that it was judged by. */
function shownPercentiles({ settings }: Pick<Run, 'settings'>): number[] {
  const { percentile } = settings.measurement;
  return [...new Set([50, 90, 95, 99, ...(percentile === undefined ? [] : [percentile])])].sort(
    (left, right) => left - right,
  );
}

/** At most 80 columns wide while nothing failed and no level has a remark. */
function latencyColumns(run: Run): Column<Level>[] {
  return [
    levelColumn(run),
    { ...throughputForm, value: ({ summary }) => summary.throughput },
    ms('mean', 'latency_avg', 'mean latency', ({ summary }) => summary.latency?.meanMs),
    ms('± std', 'latency_std', 'standard deviation', ({ summary }) => summary.latency?.stdMs),
    ...shownPercentiles(run).map((percent) =>
      ms(`p${percent}`, `latency_p${percent}`, `p${percent} latency`, (level) => supportedMs(level, percent)),
    ),
    ms('max', 'latency_max', 'largest latency', ({ summary }) => summary.latency?.maxMs),
    count('requests', 'requests', 'requests', ({ summary }) => summary.requests),
    ...(run.levels.some(({ summary }) => summary.failedRequests > 0)
      ? [count('failed', 'failed_requests', 'failed requests', ({ summary }) => summary.failedRequests)]
      : []),
    ...(run.levels.some((level) => levelMarks(level).length > 0) ? [remarkColumn] : []),
  ];
}

/** The first remark, and how many more there are: all are told below. */
const remarkColumn: Column<Level> = {
  key: 'remark',
  title: 'remark',
  name: 'remark',
  unit: '',
  value: (level) => {
    const [first = '', ...others] = levelMarks(level);
    return others.length === 0 ? first : `${first} +${others.length}`;
  },
  align: 'left',
};

const pacingColumns = (run: Run): Column<Level>[] => [
  levelColumn(run),
  {
    key: 'sent_rate',
    title: 'sent/s',
    name: 'sent',
    unit: 'requests/s',
    value: ({ summary }) => summary.pacing?.achievedRate,
    digits: 2,
    significant: 5,
  },
  count('dropped', 'dropped_requests', 'dropped requests', ({ summary }) => summary.pacing?.dropped),
  ...pacingPercentiles('service', 'service time', ({ pacing }) => pacing?.serviceTime),
  ...pacingPercentiles('lag', 'send lag', ({ pacing }) => pacing?.sendLag),
];

/** The first title names the group. */
function pacingPercentiles(
  title: string,
  name: string,
  pick: (measured: Measured) => LatencySummary | undefined,
): Column<Level>[] {
  const key = name.replace(' ', '_');
  const of = (percent: number, shown: string): Column<Level> =>
    ms(shown, `${key}_p${percent}`, `p${percent} ${name}`, ({ summary }) => pick(summary)?.percentilesMs[percent]);
  return [
    of(50, `${title} p50`),
    of(95, 'p95'),
    of(99, 'p99'),
    ms('max', `${key}_max`, `largest ${name}`, ({ summary }) => pick(summary)?.maxMs),
  ];
}

const streamColumns = (run: Run): Column<Level>[] => [
  levelColumn(run),
  {
    key: 'response_throughput',
    title: 'responses/s',
    name: 'responses',
    unit: 'responses/s',
    value: ({ summary }) => summary.stream?.responsesPerSecond,
    digits: 2,
  },
  {
    ...count(
      'per request',
      'responses_avg',
      'mean responses a request',
      ({ summary }) => summary.stream?.perRequest?.mean,
    ),
    digits: 2,
  },
  count('min', 'responses_min', 'fewest responses', ({ summary }) => summary.stream?.perRequest?.min),
  count('max', 'responses_max', 'most responses', ({ summary }) => summary.stream?.perRequest?.max),
  firstResponse('first mean', 'avg', 'mean', (latency) => latency.meanMs),
  ...[50, 95, 99].map((percent) =>
    firstResponse(`first p${percent}`, `p${percent}`, `p${percent}`, (latency) => latency.percentilesMs[percent]),
  ),
];

const firstResponse = (
  title: string,
  key: string,
  name: string,
  pick: (latency: LatencySummary) => number | undefined,
): Column<Level> => ({
  key: `first_response_${key}`,
  title,
  name: `${name} time to the first response`,
  unit: 'ms',
  value: ({ summary }) => summary.stream?.firstResponse && pick(summary.stream.firstResponse),
  digits: 3,
});

type ServerPart = (server: NonNullable<Measured['server']>) => number;

const ofServer =
  (pick: ServerPart) =>
  ({ summary }: Level): number | undefined =>
    summary.server && pick(summary.server);

const serverMs = (title: string, key: string, name: string, pick: ServerPart): Column<Level> =>
  ms(title, `server_${key}`, name, ofServer(pick));

export const serverColumns = (run: Run): Column<Level>[] => [
  levelColumn(run),
  {
    ...count(
      'batch',
      'server_batch_size',
      'mean batch',
      ofServer(({ meanBatchSize }) => meanBatchSize),
    ),
    digits: 2,
    significant: 4,
  },
  serverMs('total', 'request', 'whole request in the server', ({ requestMs }) => requestMs),
  serverMs('queue', 'queue', 'queue', ({ queueMs }) => queueMs),
  serverMs('input', 'compute_input', 'compute input', ({ computeInputMs }) => computeInputMs),
  serverMs('infer', 'compute_infer', 'compute infer', ({ computeInferMs }) => computeInferMs),
  serverMs('output', 'compute_output', 'compute output', ({ computeOutputMs }) => computeOutputMs),
  serverMs('other', 'overhead', 'other in the server', ({ overheadMs }) => overheadMs),
  ms('client', 'client', "client's mean", ({ summary }) => summary.server?.clientMs ?? serviceTime(summary)?.meanMs),
  ms('rest', 'network', 'network and I/O', ({ summary }) => networkMs(summary)),
];

const clientColumns = (run: Run): Column<Level>[] => [
  levelColumn(run),
  { key: 'verdict', title: 'verdict', name: 'verdict', unit: '', value: ({ verdict }) => verdict.kind },
  ms('CPU', 'client_cpu', 'CPU per request', ({ clientHealth }) => clientHealth.cpuMsPerRequest),
  {
    key: 'client_cores',
    title: 'cores',
    name: 'busy cores',
    unit: 'cores',
    value: ({ clientHealth }) => clientHealth.cpuCores,
    digits: 2,
  },
  {
    key: 'client_busy',
    title: 'busy %',
    name: 'sending thread busy',
    unit: '%',
    value: ({ clientHealth }) => 100 * clientHealth.busyShare,
    digits: 1,
  },
  ms('loop p99', 'loop_delay_p99', 'p99 event-loop delay', ({ clientHealth }) => clientHealth.loopDelay.p99Ms),
  ms('max', 'loop_delay_max', 'largest event-loop delay', ({ clientHealth }) => clientHealth.loopDelay.maxMs),
  count('GCs', 'gc_pauses', 'garbage collections', ({ clientHealth }) => clientHealth.gc.count),
  ms('total', 'gc_total', 'garbage collection, total', ({ clientHealth }) => clientHealth.gc.totalMs),
  ms('longest', 'gc_longest', 'longest garbage collection', ({ clientHealth }) => clientHealth.gc.longestMs),
];

/** The tables of levels in the order of reading. */
export const listTables = ({ latency, pacing, streams, server, client }: LevelTables): Table<Level>[] =>
  [latency, pacing, streams, server, client].filter((table) => table !== undefined);
