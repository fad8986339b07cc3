import { limitText } from '../src/core/certify.js';
import type { Level } from '../src/core/run.js';
import type { MeasurementSettings } from '../src/core/run-settings.js';
import { type ScenarioResult, type ScenarioSettings, scenarioDepartures } from '../src/core/scenario.js';

/** `MLPerf scenario server, p99 <= 15 ms` */
export function scenarioText({ name, percentile, limitMs }: ScenarioSettings): string {
  const limit = percentile === undefined || limitMs === undefined ? '' : `, ${limitText({ percentile, limitMs })}`;
  return `MLPerf scenario ${name}${limit}`;
}

/** Figure and validity, and what they are not: a sentence each; nothing when nobody asked. */
export function describeScenario({ scenario: result, summary }: Level, { scenario }: MeasurementSettings): string[] {
  if (scenario === undefined || result === undefined) return [];
  const departures = scenarioDepartures(scenario);
  return [
    `${scenarioText(scenario)}: ${figureText(result, scenario)}: ${validityText(result, scenario, summary.durationMs)}.`,
    departures.length > 0
      ? `This is no MLPerf result: ${departures.join('; ')}.`
      : 'This is no official MLPerf result, which only LoadGen itself gives.',
  ];
}

function figureText(
  { latencyMs, discarded, over, samplesPerSecond, queries }: ScenarioResult,
  scenario: ScenarioSettings,
) {
  const rate = samplesPerSecond === undefined ? undefined : `${figure(samplesPerSecond)} samples/s`;
  if (over !== undefined) return `${rate} scheduled, ${over} of ${queries} queries over the limit`;
  if (rate !== undefined) return rate;
  if (latencyMs === undefined) return `p${scenario.percentile} unknown after ${queries} queries`;
  return `p${scenario.percentile} ${figure(latencyMs)} ms, which ${discarded} of ${queries} queries are above`;
}

function validityText(
  { isValid, checks, queries }: ScenarioResult,
  scenario: ScenarioSettings,
  lastedMs: number,
): string {
  if (isValid) return 'VALID';
  const { name, percentile, minMs, minQueries } = scenario;
  const reasons = [
    ...(checks.minDuration ? [] : [`it lasted ${figure(lastedMs / 1000)} s of ${minMs / 1000} s`]),
    ...(checks.minQueries ? [] : [`${queries} of ${minQueries} ${name === 'offline' ? 'samples' : 'queries'}`]),
    ...(checks.latency === false ? [`p${percentile} is over the limit`] : []),
    ...(checks.earlyStopping ? [] : [`p${percentile} is not sure at 99 % (early stopping)`]),
  ];
  return `INVALID, ${reasons.join(', ')}`;
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));
