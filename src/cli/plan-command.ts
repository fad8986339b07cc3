import type { Argv } from 'yargs';
import { formatPlan, formatPlanCsv } from '../../reports/plan.js';
import type { Constraint } from '../../searcher/goal/goal.js';
import { foreseenMetrics } from '../../searcher/plan/foresee.js';
import { planCapacity } from '../../searcher/plan/plan-capacity.js';
import { tool } from '../core/package-manifest.js';
import { PerfError } from '../core/perf-error.js';
import type { PlanResult } from '../core/plan-result.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { parseGoal } from './flags/goal-flags.js';
import { badFlag, parseInteger, parseNumber } from './flags/parse.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { readObserved } from './search/read-observed.js';
import { checkDistinct, checkWritable, writeOutput } from './write-output.js';

const text = { type: 'string', requiresArg: true } as const;

export const planFlags = (yargs: Argv) =>
  yargs
    .positional('document', { type: 'string', demandOption: true, describe: 'A run or a search that --json wrote' })
    .option('target-rate', { ...text, describe: 'Inferences a second of all replicas together', group: 'Plan:' })
    .option('constraint', {
      ...text,
      array: true,
      default: [] as string[],
      describe: 'Latency to keep, such as perf_latency_p99:max=50, in ms (repeatable)',
      group: 'Plan:',
    })
    .option('headroom', {
      ...text,
      default: '30%',
      describe: 'Share of what a replica can that stays free, also after failures',
      group: 'Plan:',
    })
    .option('failures', {
      ...text,
      default: '0',
      describe: 'So many replicas may fail without a limit being broken',
      group: 'Plan:',
    })
    .option('cost-per-replica', { ...text, describe: 'What one replica costs, in any unit', group: 'Plan:' })
    .option('seed', { ...text, default: '0', describe: 'Seed of the simulated arrivals', group: 'Plan:' })
    .option('f', { ...text, describe: 'Write all configurations as CSV', group: 'Reports:' })
    .option('json', { ...text, describe: 'Write the plan as JSON', group: 'Reports:' })
    .check(refuseRepeats(['constraint']))
    .example('$0 plan run.json --target-rate 5000', 'Replicas for 5000 inferences a second')
    .example(
      '$0 plan search.json --target-rate 5000 --constraint perf_latency_p99:max=50 --failures 1',
      'The configuration that needs the fewest, within a limit, with one to spare',
    );

interface PlanFlags {
  readonly document: string;
  readonly targetRate: string | undefined;
  readonly constraint: readonly string[];
  readonly headroom: string;
  readonly failures: string;
  readonly costPerReplica: string | undefined;
  readonly seed: string;
  readonly f: string | undefined;
  readonly json: string | undefined;
}

/** Plans replicas. Resolves with the exit code: 4 when no number of any configuration suffices. */
export async function planCommand(argv: PlanFlags, context: CommandContext): Promise<number> {
  const wish = wishOf(argv);
  const { f: csv, json } = argv;
  checkDistinct({ '-f': csv, '--json': json });
  if (csv !== undefined) checkWritable('-f', csv);
  if (json !== undefined) checkWritable('--json', json);
  const { model, observed } = readObserved(argv.document);
  const { constraints, ...rest } = wish;
  const plan: PlanResult = {
    format: 'perf-analyze/plan',
    formatVersion: 1,
    tool,
    model,
    ...rest,
    limits: constraints.map(({ metric, ...bounds }) => ({ metric: metric.tag, ...bounds })),
    alternatives: planCapacity(observed, wish),
  };
  if (plan.alternatives.length === 0) {
    throw new PerfError('file', `Cannot plan from ${argv.document}: expected a measured throughput, got none`);
  }
  if (json !== undefined) writeOutput('--json', json, `${JSON.stringify(plan, null, 2)}\n`);
  if (csv !== undefined) writeOutput('-f', csv, formatPlanCsv(plan));
  context.print(formatPlan(plan));
  return plan.alternatives[0]?.replicas === undefined ? exitCodes.gateFailed : exitCodes.done;
}

function wishOf(argv: PlanFlags) {
  if (argv.targetRate === undefined) {
    throw new PerfError('usage', 'Cannot plan: expected --target-rate with inferences a second, got none');
  }
  const targetRate = parseNumber('--target-rate', argv.targetRate, 0);
  if (targetRate === 0) throw badFlag('--target-rate', 'a number above 0', argv.targetRate);
  const headroom = parseNumber('--headroom', argv.headroom.replace(/%$/, ''), 0) / 100;
  if (headroom >= 1) throw badFlag('--headroom', 'a percentage from 0% to below 100%', argv.headroom);
  return {
    targetRate,
    constraints: latencyLimits(argv.constraint),
    headroom,
    failures: parseInteger('--failures', argv.failures, 0),
    ...(argv.costPerReplica === undefined
      ? {}
      : { costPerReplica: parseNumber('--cost-per-replica', argv.costPerReplica, 0) }),
    seed: parseInteger('--seed', argv.seed, 0),
  };
}

function latencyLimits(given: readonly string[]): readonly Constraint[] {
  const { constraints } = parseGoal({ objective: [], constraint: given });
  const foreign = constraints.find(({ metric, min }) => min !== undefined || !foreseenMetrics.includes(metric.tag));
  if (foreign === undefined) return constraints;
  throw new PerfError(
    'usage',
    `Cannot use --constraint: expected the max of a latency, got one for ${foreign.metric.tag}`,
    { hint: `Foreseen are ${foreseenMetrics.join(', ')}.` },
  );
}
