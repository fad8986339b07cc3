import type { LevelView } from '../../../analyzer/measure/level-view.js';
import { loadName } from '../../core/load-name.js';
import type { Level, ServerSplit } from '../../core/run.js';
import { histogramRows, sparkline, stackedBar } from './block-graphics.js';
import { durationText } from './duration-text.js';
import { runningFacts } from './level-line.js';
import type { LevelPlan, SearchView } from './progress.js';
import { terminalText } from './terminal-text.js';

/** What a dashboard shows. */
export interface DashboardState {
  readonly view: LevelView;
  readonly plan: LevelPlan;
  readonly elapsedMs: number;
  /** Answers a second, the latest last. */
  readonly rates: readonly number[];
  /** Those that are done. */
  readonly levels: readonly Level[];
  readonly search: SearchView | undefined;
  /** What was said while it was shown. */
  readonly said: readonly string[];
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Whether there is room for more than a line. */
export const fits = ({ columns, rows }: Size): boolean => columns >= 40 && rows >= 10;

/** A part of the picture; what matters less is left out first. */
interface Section {
  /** 1 is left out last. */
  readonly rank: number;
  readonly lines: readonly string[];
}

const histogramHeight = 4;

/** The picture: at most so many lines as the terminal has, each at most so long as it is wide. */
export function renderDashboard(state: DashboardState, { columns, rows }: Size): string[] {
  const sections: readonly Section[] = [
    { rank: 1, lines: headLines(state, columns) },
    { rank: 2, lines: rateLines(state, columns) },
    { rank: 3, lines: latencyLines(state.view) },
    { rank: 7, lines: distributionLines(state.view, columns) },
    { rank: 5, lines: serverLines(state.view.server, columns) },
    { rank: 6, lines: levelLines(state) },
    { rank: 4, lines: bestLines(state, columns) },
    { rank: 8, lines: state.said.slice(-3) },
  ];
  const kept = new Set<Section>();
  let left = rows;
  for (const section of sections.toSorted((one, other) => one.rank - other.rank)) {
    if (section.lines.length > left) continue;
    kept.add(section);
    left -= section.lines.length;
  }
  return sections
    .filter((section) => kept.has(section))
    .flatMap(({ lines }) => lines.map((text) => clip(text, columns)));
}

/** One character a column, on one line. */
const clip = (text: string, columns: number): string =>
  [...terminalText(text).replace(/[\n\t]/g, ' ')].slice(0, columns).join('');

/** In two lines when one is too short, the second behind a label. */
function wrapped(text: string, columns: number): string[] {
  if (text.length <= columns) return [text];
  const comma = text.lastIndexOf(', ', columns - 1);
  const end = comma > 0 ? comma + 1 : columns;
  return [text.slice(0, end), `${label('')}${text.slice(end).trimStart()}`];
}

function headLines({ view, plan, elapsedMs, search }: DashboardState, columns: number): string[] {
  const { settings } = plan;
  const what = `perf-analyze  ${settings.modelName}, batch ${settings.batchSize}, ${settings.protocol}`;
  const clock = clockText(elapsedMs);
  const course = search === undefined ? [] : wrapped(searchCourse(search), columns);
  return [
    `${clip(what, columns - clock.length - 1).padEnd(columns - clock.length)}${clock}`,
    ...course,
    runningFacts(view, plan),
    '─'.repeat(columns),
  ];
}

function searchCourse({ measured, candidate, secondsLeft }: SearchView): string {
  const left = secondsLeft === undefined ? '' : `, at most ${durationText(secondsLeft)} left`;
  return `search: ${measured} measured${left}, now ${candidate}`;
}

function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

const label = (name: string): string => name.padEnd(12);

function rateLines({ view, rates }: DashboardState, columns: number): string[] {
  const failed = view.failedRequests === 0 ? '' : `, ${view.failedRequests} failed`;
  const figure = `${label('throughput')}${view.throughput.toFixed(1)} infer/s`.padEnd(34);
  return [
    `${figure}${sparkline(rates, Math.max(0, columns - 34))}`,
    `${label('requests')}${view.answeredRequests} answered${failed}`,
  ];
}

function latencyLines({ latency }: LevelView): string[] {
  if (latency === undefined) return [`${label('latency ms')}no answer yet`];
  const { percentilesMs, maxMs } = latency;
  const figures = Object.entries({ ...percentilesMs }).map(([percent, ms]) => `p${percent} ${short(ms)}`);
  return [`${label('latency ms')}${[...figures, `max ${short(maxMs)}`].join('   ')}`];
}

/** Three significant digits at least. */
const short = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3));

function distributionLines({ latency }: LevelView, columns: number): string[] {
  if (latency === undefined) return [];
  const width = Math.min(columns - 14, latency.bins.length);
  const rows = histogramRows(latency.bins, { width, height: histogramHeight });
  const [from, to] = [`${short(latency.minMs)} ms`, `${short(latency.maxMs)} ms`];
  const axis = `${from}${to.padStart(Math.max(1, width - from.length))}`;
  return ['', ...rows.map((row) => `${label('')}${row}`), `${label('')}${axis}`];
}

function serverLines(server: ServerSplit | undefined, columns: number): string[] {
  if (server === undefined) return [];
  const { queueMs, computeInputMs, computeInferMs, computeOutputMs, overheadMs, requestMs, clientMs } = server;
  const parts: readonly (readonly [name: string, mark: string, ms: number])[] = [
    ['queue', 'q', queueMs],
    ['in', 'i', computeInputMs],
    ['infer', '█', computeInferMs],
    ['out', 'o', computeOutputMs],
    ['rest', 'r', overheadMs],
    ...(clientMs === undefined ? [] : [['outside', '░', Math.max(0, clientMs - requestMs)] as const]),
  ];
  const bar = stackedBar(
    parts.map(([, mark, ms]) => ({ mark, share: ms })),
    Math.max(0, columns - 14),
  );
  return [
    '',
    `${label('server ms')}${parts.map(([name, , ms]) => `${name} ${ms.toFixed(ms < 10 ? 2 : 0)}`).join('  ')}`,
    `${label('')}${bar}`,
  ];
}

function levelLines({ levels }: DashboardState): string[] {
  const latest = levels.slice(-3);
  if (latest.length === 0) return [];
  return ['', ...latest.map((level, index) => `${label(index === 0 ? 'done' : '')}${levelText(level)}`)];
}

/** Of a search, what it says; of a sweep, the level with the most throughput within the limit. */
function bestLines({ levels, search }: DashboardState, columns: number): string[] {
  if (search !== undefined) {
    return search.best === undefined ? [] : wrapped(`${label('best so far')}${search.best}`, columns);
  }
  const good = levels.filter(
    ({ summary, verdict, isOverLimit }) => summary.requests > 0 && verdict.kind !== 'invalid' && !isOverLimit,
  );
  const [best] = good.toSorted((one, other) => other.summary.throughput - one.summary.throughput);
  return best === undefined ? [] : [`${label('best so far')}${levelText(best)}`];
}

/** A level that is done, in few words: the line that stays has more. */
function levelText({ load, summary, stability }: Level): string {
  const { throughput, latency } = summary;
  const mark = stability.stable ? '' : ', not stable';
  if (latency === undefined) return `${loadName(load)}: no valid request`;
  const { 50: p50 = latency.meanMs, 99: p99 = latency.maxMs } = latency.percentilesMs;
  return `${loadName(load)}: ${throughput.toFixed(1)} infer/s, p50 ${short(p50)} ms, p99 ${short(p99)} ms${mark}`;
}
