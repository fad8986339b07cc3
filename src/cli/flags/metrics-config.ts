import { PerfError } from '../../core/perf-error.js';
import { defaultMetricsConfig, type MetricsConfig } from '../../server/metrics.js';
import { type NamedSetting, namedSettings } from './named-settings.js';

const flag = '--metrics-config';
const expected =
  'counter_latencies=true|false, histogram_latencies=true|false, summary_latencies=true|false or ' +
  'summary_quantiles=QUANTILE:ERROR[,QUANTILE:ERROR...]';

/**
 * Which latencies `/metrics` has. The errors that quantiles are allowed are taken and not needed: values are within one
 * percent at every quantile.
 *
 * @throws PerfError `usage` for other settings
 */
export function metricsConfig(values: readonly string[]): MetricsConfig {
  const settings = namedSettings(flag, values).map((setting) => settingOf(setting));
  return Object.assign({}, defaultMetricsConfig, ...settings);
}

function settingOf({ name, key, value }: NamedSetting): Partial<MetricsConfig> {
  const setting = `${name === '' ? '' : `${name},`}${key}`;
  if (setting === 'counter_latencies') return { counterLatencies: yesOrNo(setting, value) };
  if (setting === 'histogram_latencies') return { histogramLatencies: yesOrNo(setting, value) };
  if (setting === 'summary_latencies') return { summaryLatencies: yesOrNo(setting, value) };
  if (setting === 'summary_quantiles') return { summaryQuantiles: quantiles(value) };
  throw unexpected(`${setting}=${value}`);
}

const unexpected = (got: string): PerfError =>
  new PerfError('usage', `Cannot use ${flag}: expected ${expected}, got '${got}'`);

function yesOrNo(setting: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw unexpected(`${setting}=${value}`);
}

function quantiles(text: string): number[] {
  return text.split(',').map((pair) => {
    const [, quantile = '', error = ''] = /^\s*([\d.]+)\s*:\s*([\d.]+)\s*$/.exec(pair) ?? [];
    const isPair = quantile !== '' && Number(quantile) >= 0 && Number(quantile) <= 1 && Number(error) <= 1;
    if (!isPair) throw unexpected(`summary_quantiles=${text}`);
    return Number(quantile);
  });
}
