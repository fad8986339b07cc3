import { supportedMs, unsupported } from '../../src/core/certainty.js';
import { loadName } from '../../src/core/load-name.js';
import type { Level, Run } from '../../src/core/run.js';
import { runAnswers, runRemarks } from '../describe-run.js';
import { cellText } from '../table.js';
import { type Html, html } from './html.js';
import { type Tile, tileList } from './tiles.js';

/** What to know first: whether the numbers can be used, and the best of them. */
export function runHeadline(run: Run): Html {
  const best = bestLevel(run.levels);
  const answers = runAnswers(run);
  const remarks = runRemarks(run).filter((line) => !answers.includes(line));
  const { kind, text } = judge(run);
  return html`<section class="verdict ${kind}" aria-label="Verdict"><strong>${text}</strong>
${answers.map((line) => html`<p>${line}</p>\n`)}${best === undefined ? html`<p>No request was answered validly.</p>` : tiles(best)}</section>
${remarks.length === 0 ? undefined : html`<ul class="remarks">${remarks.map((line) => html`<li>${line}</li>`)}</ul>`}`;
}

const isStable = ({ stability }: Level): boolean => stability.stable;
const isUsable = (level: Level): boolean =>
  isStable(level) && level.verdict.kind !== 'invalid' && !level.isOverLimit && keepsItsLimit(level);

/** What the run was to find out of a level, where it was to find out anything. */
const keepsItsLimit = ({ probe, certification, scenario }: Level): boolean =>
  (probe === undefined || probe.answer === 'met') &&
  (certification === undefined || certification.verdict === 'pass') &&
  scenario?.isValid !== false;

/** The most throughput among the levels that can be used, otherwise among those with a valid answer. */
function bestLevel(levels: readonly Level[]): Level | undefined {
  const measured = levels.filter(({ summary }) => summary.requests > 0);
  const usable = measured.filter(isUsable);
  return (usable.length > 0 ? usable : measured).toSorted(
    (left, right) => right.summary.throughput - left.summary.throughput,
  )[0];
}

interface Judgement {
  readonly kind: 'valid' | 'suspect' | 'unstable' | 'invalid';
  readonly text: string;
}

function judge({ levels, isInterrupted }: Run): Judgement {
  const count = (isMeant: (level: Level) => boolean): number => levels.filter(isMeant).length;
  const invalid = count(({ verdict }) => verdict.kind === 'invalid');
  const failed = count(({ certification }) => certification?.verdict === 'fail');
  const unruly = count(({ scenario }) => scenario?.isValid === false);
  const unstable = count((level) => !isStable(level));
  const suspect = count(({ verdict }) => verdict.kind === 'suspect');
  const of = (part: number): string => `${part} of ${levels.length} ${levels.length === 1 ? 'level' : 'levels'}`;
  if (levels.length === 0) return { kind: 'invalid', text: 'Nothing was measured' };
  if (invalid > 0) return { kind: 'invalid', text: `Invalid: ${of(invalid)} cannot be used` };
  if (failed > 0) return { kind: 'invalid', text: `Certification failed: ${of(failed)} is over the limit` };
  if (unruly > 0) return { kind: 'invalid', text: `The scenario is INVALID: ${of(unruly)} breaks its rules` };
  if (unstable > 0) return { kind: 'unstable', text: `Not stable: ${of(unstable)} did not settle` };
  if (suspect > 0) return { kind: 'suspect', text: `Suspect: ${of(suspect)} may show the client, not the server` };
  if (isInterrupted) return { kind: 'unstable', text: `Interrupted after ${of(levels.length)}` };
  return {
    kind: 'valid',
    text: levels.length === 1 ? 'Stable and valid' : `All ${levels.length} levels are stable and valid`,
  };
}

function tiles(level: Level): Html {
  const { load, summary } = level;
  const ms = (value: number | undefined): string =>
    cellText({ title: '', value: () => value, digits: 3, significant: 4 }, undefined);
  const throughput = cellText({ title: '', value: () => summary.throughput, digits: 2, significant: 5 }, undefined);
  const percentileTile = (percent: number): Tile => {
    const needed = unsupported(level.certainty, percent);
    const name = `p${percent} latency`;
    return needed === undefined
      ? { name, value: ms(supportedMs(level, percent)), unit: 'ms' }
      : { name, value: '–', unit: `needs ${needed.needsRequests} requests` };
  };
  const which = isUsable(level)
    ? 'The highest throughput that was stable, valid and within limits'
    : 'The highest throughput, not to be relied on';
  return html`<p>${which}, at ${loadName(load)}:</p>
${tileList([
  { name: 'throughput', value: throughput, unit: 'infer/s' },
  percentileTile(50),
  percentileTile(99),
  {
    name: 'failed requests',
    value: String(summary.failedRequests),
    unit: `of ${summary.requests + summary.failedRequests}`,
  },
])}`;
}
