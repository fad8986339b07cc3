import { isOpenLoop, levelValue, loadName } from '../src/core/load-name.js';
import type { Level, Machine } from '../src/core/run.js';
import { formatTable, type TextColumn } from './table.js';

/** What a client reached against a server that costs next to nothing. */
export interface CalibrationReport {
  readonly closedLoop: readonly Level[];
  /** Open loop, in the order in which they were measured. */
  readonly levels: readonly Level[];
  /** Requests per second; absent when no level was valid. */
  readonly trusted: number | undefined;
}

/** The calibration of a machine as text for a person; times in µs. */
export function formatCalibration({ closedLoop, levels, trusted }: CalibrationReport, machine: Machine): string {
  const sections = [
    [
      `client: Node ${machine.nodeVersion}, ${machine.logicalCpus} x ${machine.cpuModel}, HTTP on the loopback, 64-byte tensors`,
      'server: one that answers at once, in a process of its own, on the same cores',
    ].join('\n'),
    formatTable(columns, [...closedLoop, ...levels.toSorted((left, right) => rateOf(left) - rateOf(right))]),
    conclusion(closedLoop[0], trusted),
    ...remedies(levels),
  ];
  return `${sections.join('\n\n')}\n`;
}

const micro = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms * 1000);
const rateOf = ({ load }: Level): number => (isOpenLoop(load) ? levelValue(load) : 0);

const columns: readonly TextColumn<Level>[] = [
  { title: 'load', value: ({ load }) => loadName(load), align: 'left' },
  { title: 'requests/s', value: ({ summary }) => summary.throughput },
  { title: 'p50 µs', value: ({ summary }) => micro(summary.latency?.percentilesMs['50']) },
  { title: 'p99 µs', value: ({ summary }) => micro(summary.latency?.percentilesMs['99']) },
  { title: 'lag p50', value: ({ summary }) => micro(summary.pacing?.sendLag?.percentilesMs['50']) },
  { title: 'lag p99', value: ({ summary }) => micro(summary.pacing?.sendLag?.percentilesMs['99']) },
  { title: 'CPU/request', value: ({ clientHealth }) => micro(clientHealth.cpuMsPerRequest), digits: 1 },
  { title: 'busy %', value: ({ clientHealth }) => clientHealth.busyShare * 100 },
  { title: 'verdict', value: ({ verdict }) => verdict.kind, align: 'left' },
];

function conclusion(single: Level | undefined, trusted: number | undefined): string {
  const floor = single?.summary.latency?.percentilesMs['50'];
  const added =
    floor === undefined
      ? ''
      : ` With one request in flight, client, network and null server together take ${Math.round(floor * 1000)} µs (p50):` +
        ' a latency near that says little about a server.';
  return trusted === undefined
    ? `This machine cannot be trusted with any open-loop rate now.${added}`
    : `This machine can be trusted up to ${trusted.toLocaleString('en')} requests/s.${added}`;
}

/** Why the smallest rate that failed did. */
function remedies(levels: readonly Level[]): string[] {
  const failed = levels
    .filter(({ verdict }) => verdict.kind !== 'valid')
    .toSorted((left, right) => rateOf(left) - rateOf(right));
  const [first] = failed;
  if (first === undefined) return [];
  const findings = first.verdict.findings.map(({ reason, remedy }) => `${reason} ${remedy}`);
  return [`At ${rateOf(first).toLocaleString('en')} requests/s: ${findings.join(' ')}`];
}
