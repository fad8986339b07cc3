import { answers } from '../../src/core/failure.js';
import type { Load } from '../../src/core/load.js';
import type { Finding, LevelPart, RequestCounts, Verdict } from '../../src/core/run.js';
import type { LoadEvents } from '../load/outcome.js';
import { type Targets, targetList, targetTable } from '../targets/targets.js';
import { createFailureTally, type FailureTally } from './failure-tally.js';
import { judgePart } from './judge-validity.js';
import { createRequestCounter, type RequestCounter } from './request-counter.js';
import type { ServerSnapshots } from './server-snapshots.js';
import { mergeWindows, type SummaryOptions, summarise } from './summarise.js';
import type { RequestParts, WindowRecord } from './window-series.js';

/** The models of a level, when there are several, and its servers: what is kept of each beside the windows. */
export interface LevelParts extends RequestParts, LoadEvents {
  /** At this moment. */
  counts(): RequestCounts[];
  assemble(options: PartsOptions): AssembledParts;
}

export interface PartsOptions extends SummaryOptions {
  readonly load: Load;
  readonly maxErrorRatePercent: number;
  /** Those of the summary: the first of them, and the ones behind it. */
  readonly firstWindow: number;
  readonly windows: readonly WindowRecord[];
  readonly snapshots: Pick<ServerSnapshots, 'split'>;
  /** As `counts` gave them when the measurement ended. */
  readonly counts: readonly RequestCounts[];
}

export interface AssembledParts {
  readonly models?: readonly LevelPart[];
  readonly servers?: readonly LevelPart[];
  readonly verdicts: readonly (readonly [About, Verdict])[];
}

type About = NonNullable<Finding['about']>;

interface Part {
  readonly about: About;
  readonly isOf: (target: number) => boolean;
  readonly counter: RequestCounter;
  readonly tally: FailureTally;
  /** How many requests reached nobody since the last answer. */
  unanswered: number;
}

/**
 * @param targets absent: one model on one server, which has no parts
 * @param isFinished whether the windows are: what fails later is not told
 */
export function createLevelParts(targets: Targets | undefined, isFinished: () => boolean): LevelParts | undefined {
  if (targets === undefined) return undefined;
  const parts = partsOf(targets);
  const byTarget = targetList(targets).map((_, target) =>
    parts.flatMap(({ isOf }, position) => (isOf(target) ? [position] : [])),
  );
  const table = targetTable(targets);
  const of = (request: number): readonly number[] => byTarget[table[request] ?? 0] ?? [];
  const each = (request: number, act: (part: Part) => void): void => {
    for (const position of of(request)) {
      const part = parts[position];
      if (part !== undefined) act(part);
    }
  };
  return {
    count: parts.length,
    servers: parts.flatMap(({ about }, position) => (about.kind === 'server' ? [position] : [])),
    of,
    onSent: (intendedAt, sentAt, request) =>
      each(request, ({ counter }) => counter.onSent(intendedAt, sentAt, request)),
    onDropped: (intendedAt, request) => each(request, ({ counter }) => counter.onDropped(intendedAt, request)),
    onOutcome: (outcome) =>
      each(outcome.request, (part) => {
        const { failure } = outcome;
        part.counter.onOutcome(outcome);
        part.unanswered = failure === undefined || answers(failure) ? 0 : part.unanswered + 1;
        if (failure !== undefined && !isFinished()) part.tally.add(failure);
      }),
    counts: () => parts.map(({ counter }) => counter.counts()),
    assemble: (options) => {
      const assembled = parts.flatMap((part, position) => {
        const requests = options.counts[position];
        return requests === undefined ? [] : [[part.about, assemblePart(part, position, requests, options)] as const];
      });
      const kind = (wanted: About['kind']) =>
        assembled.flatMap(([about, part]) => (about.kind === wanted ? [part] : []));
      const [models, servers] = [kind('model'), kind('server')];
      return {
        ...(models.length === 0 ? {} : { models }),
        ...(servers.length === 0 ? {} : { servers }),
        verdicts: assembled.map(([about, { verdict }]) => [about, verdict] as const),
      };
    },
  };
}

/** At this moment; none without parts. */
export const countsOf = (parts: LevelParts | undefined): RequestCounts[] => parts?.counts() ?? [];

/** A single model, or a single server, is the level itself. */
function partsOf({ models, urls }: Targets): Part[] {
  const part = (about: About, isOf: Part['isOf']): Part => ({
    about,
    isOf,
    counter: createRequestCounter(),
    tally: createFailureTally(),
    unanswered: 0,
  });
  const ofModels = models.map(({ name }, model) =>
    part({ kind: 'model', name }, (target) => target % models.length === model),
  );
  const ofServers = urls.map((name, server) =>
    part({ kind: 'server', name }, (target) => Math.floor(target / models.length) === server),
  );
  return [...(models.length > 1 ? ofModels : []), ...(urls.length > 1 ? ofServers : [])];
}

function assemblePart(
  { about, isOf, tally, unanswered }: Part,
  position: number,
  requests: RequestCounts,
  options: PartsOptions,
): LevelPart {
  const { load, maxErrorRatePercent, firstWindow, windows, snapshots } = options;
  const merged = mergeWindows(windows.flatMap((window) => window.parts[position] ?? []));
  const summary = summarise(merged, snapshots.split(firstWindow, firstWindow + windows.length, isOf), options);
  return {
    name: about.name,
    summary,
    requests,
    verdict: judgePart({ load, summary, requests, maxErrorRatePercent, about, unanswered }),
    failures: tally.counts(),
  };
}
