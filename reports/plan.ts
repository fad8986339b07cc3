import type { ForeseenLatency, PlanAlternative, PlanResult } from '../src/core/plan-result.js';
import { candidateText } from './candidate-text.js';
import { csvText } from './csv-text.js';
import { formatTable, type TextColumn } from './table.js';

/** How many replicas a rate needs, as text. */
export function formatPlan(plan: PlanResult): string {
  const { model, targetRate, headroom, failures, limits, alternatives } = plan;
  const [best] = alternatives;
  const wishes = [
    `${percent(headroom)} of each replica free`,
    ...(failures === 0 ? [] : [`${failures} may fail`]),
    ...limits.map(({ metric, max }) => `${metric} <= ${max} ms`),
  ];
  return [
    `${model}: ${targetRate} infer/s; ${wishes.join(', ')}`,
    best?.replicas === undefined ? 'No number of replicas suffices.' : bestText(best),
    '',
    formatTable(columnsOf(plan), alternatives),
    '',
    'Latency is foreseen for requests that arrive at random, when as many replicas failed as may; +/- is how far nine in ten',
    'measurements were from the simulator, and 50 % when there are fewer than three. A limit is kept with that on top.',
    '',
  ].join('\n');
}

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

const nameOf = (candidate: PlanAlternative['candidate']): string => candidateText(candidate) || 'current configuration';

function bestText({
  candidate,
  replicas,
  cost,
  utilisation,
  utilisationAfterFailures,
  latencies,
}: PlanAlternative): string {
  const latency = latencies?.map(latencyText).join(', ') || 'no latency that can be foreseen';
  const busy =
    utilisation === utilisationAfterFailures
      ? percent(utilisation ?? 0)
      : `${percent(utilisation ?? 0)}, ${percent(utilisationAfterFailures ?? 0)} after failures`;
  return `Replicas: ${replicas}${cost === undefined ? '' : `, cost ${cost}`}, of ${nameOf(candidate)}; utilisation ${busy}; ${latency}`;
}

const latencyText = ({ metric, ms, error }: ForeseenLatency): string =>
  `${metric} ${Number(ms.toPrecision(3))} ms +/- ${percent(error)}`;

const metricsOf = ({ alternatives }: PlanResult): string[] => [
  ...new Set(alternatives.flatMap(({ latencies = [] }) => latencies.map(({ metric }) => metric))),
];

const foreseenOf = ({ latencies = [] }: PlanAlternative, metric: string): ForeseenLatency | undefined =>
  latencies.find((each) => each.metric === metric);

function columnsOf(plan: PlanResult): TextColumn<PlanAlternative>[] {
  const share = (value: number | undefined) => (value === undefined ? undefined : percent(value));
  return [
    { title: 'configuration', align: 'left', value: ({ candidate }) => nameOf(candidate) },
    { title: 'infer/s each', value: ({ capacity }) => capacity, digits: 1, significant: 4 },
    { title: 'replicas', value: ({ replicas }) => replicas, digits: 0 },
    ...(plan.costPerReplica === undefined
      ? []
      : [{ title: 'cost', value: ({ cost }: PlanAlternative) => cost, digits: 2, significant: 6 }]),
    { title: 'busy', value: ({ utilisation }) => share(utilisation) },
    ...(plan.failures === 0
      ? []
      : [
          {
            title: 'after failures',
            value: ({ utilisationAfterFailures }: PlanAlternative) => share(utilisationAfterFailures),
          },
        ]),
    ...metricsOf(plan).map((metric) => ({
      title: metric.replace('perf_latency_', ''),
      value: (alternative: PlanAlternative) => foreseenOf(alternative, metric)?.ms,
      digits: 3,
      significant: 3,
    })),
    {
      title: '+/-',
      value: ({ latencies = [] }) =>
        share(latencies.length === 0 ? undefined : Math.max(...latencies.map(({ error }) => error))),
    },
    { title: 'why not', align: 'left', value: ({ refusal }) => refusal ?? '' },
  ];
}

/** One row for each configuration; shares are 0 to 1. */
export function formatPlanCsv(plan: PlanResult): string {
  const dimensions = [...new Set(plan.alternatives.flatMap(({ candidate }) => Object.keys(candidate)))];
  const metrics = metricsOf(plan);
  const rows = plan.alternatives.map((alternative) => [
    ...dimensions.map((name) => alternative.candidate[name]),
    alternative.capacity,
    alternative.replicas,
    alternative.cost,
    alternative.utilisation,
    alternative.utilisationAfterFailures,
    ...metrics.flatMap((metric) => {
      const foreseen = foreseenOf(alternative, metric);
      return [foreseen?.ms, foreseen?.error];
    }),
    alternative.refusal,
  ]);
  const titles = [
    ...dimensions,
    'capacity',
    'replicas',
    'cost',
    'utilisation',
    'utilisation_after_failures',
    ...metrics.flatMap((metric) => [metric, `${metric}_error`]),
    'refusal',
  ];
  return csvText([titles, ...rows]);
}
