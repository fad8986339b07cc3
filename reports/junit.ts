import { loadName } from '../src/core/load-name.js';
import type { Level, Run } from '../src/core/run.js';
import type { RunSettings } from '../src/core/run-settings.js';
import { describeModels } from './describe-run.js';
import { describeLevel } from './marks.js';
import { turnsOf } from './turns.js';
import { xmlText } from './xml-text.js';

/** One test of a JUnit report. */
export interface JunitCase {
  readonly name: string;
  readonly className: string;
  readonly seconds?: number;
  /** Why it failed, one sentence each; absent when it passed. */
  readonly failure?: readonly string[];
  /** Told although it passed. */
  readonly notes?: readonly string[];
}

/** The runs as JUnit XML: a suite a run, a test a level, which fails when the level is unstable or invalid. */
export const formatJunit = (runs: readonly Run[]): string =>
  junitDocument(
    runs.map((run) => ({
      name: describeModels(run),
      timestamp: run.startedAt,
      cases: [...turnsOf(run.levels)].map(([level, turn]) => levelCase(level, turn, run.settings)),
    })),
  );

function levelCase(level: Level, turn: number, settings: RunSettings): JunitCase {
  const sentences = describeLevel(level, settings);
  const hasFailed =
    !level.stability.stable ||
    level.verdict.kind === 'invalid' ||
    level.certification?.verdict === 'fail' ||
    level.scenario?.isValid === false;
  return {
    name: `${loadName(level.load)}${turn > 1 ? `, turn ${turn}` : ''}`,
    className: settings.modelName,
    seconds: level.windows.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000,
    ...(hasFailed ? { failure: sentences } : { notes: sentences }),
  };
}

interface JunitSuite {
  readonly name: string;
  readonly timestamp?: string;
  readonly cases: readonly JunitCase[];
}

/** What CI servers read as the results of tests. */
export function junitDocument(suites: readonly JunitSuite[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.map(suiteText).join('')}</testsuites>\n`;
}

function suiteText({ name, timestamp, cases }: JunitSuite): string {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const seconds = cases.reduce((sum, each) => sum + (each.seconds ?? 0), 0);
  const attributes = [
    `name="${xmlText(name)}"`,
    `tests="${cases.length}" failures="${failures}" errors="0" skipped="0"`,
    `time="${seconds.toFixed(3)}"`,
    ...(timestamp === undefined ? [] : [`timestamp="${xmlText(timestamp)}"`]),
  ];
  return `  <testsuite ${attributes.join(' ')}>\n${cases.map(caseText).join('')}  </testsuite>\n`;
}

function caseText({ name, className, seconds, failure, notes = [] }: JunitCase): string {
  const time = seconds === undefined ? '' : ` time="${seconds.toFixed(3)}"`;
  const head = `    <testcase classname="${xmlText(className)}" name="${xmlText(name)}"${time}`;
  if (failure !== undefined) {
    const [first = 'failed'] = failure;
    return `${head}>\n      <failure message="${xmlText(first)}">${xmlText(failure.join('\n'))}</failure>\n    </testcase>\n`;
  }
  if (notes.length === 0) return `${head}/>\n`;
  return `${head}>\n      <system-out>${xmlText(notes.join('\n'))}</system-out>\n    </testcase>\n`;
}
