import type { Argv } from 'yargs';
import { type AnalyzeFlags, type AnalyzeOptions, analyzeOptions } from './analyze-options.js';
import type { CommandContext } from './command-context.js';
import { composingFlags, repeatableComposingFlags } from './flags/composing-flags.js';
import { engineFlags } from './flags/engine-flags.js';
import { loadFlags } from './flags/load-flags.js';
import { measurementFlags } from './flags/measurement-flags.js';
import { metricsFlags, repeatableMetricsFlags } from './flags/metrics-flags.js';
import { profileFlags } from './flags/profile-flags.js';
import { progressFlags, uiPort } from './flags/progress-flags.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { reportFlags } from './flags/report-flags.js';
import { requestFlags } from './flags/request-flags.js';
import { sequenceFlags } from './flags/sequence-flags.js';
import { tlsFlags } from './flags/tls-flags.js';
import { repeatableTraceFlags, traceFlags } from './flags/trace-flags.js';
import { repeatableWireFlags, wireFlags } from './flags/wire-flags.js';

/** Flags by task, in the order of `--help`. Values stay text until `analyzeOptions` reads them. */
export function analyzeFlags(yargs: Argv) {
  return measureFlags(yargs)
    .check(refuseRepeats(repeatableMeasureFlags))
    .example('$0 -m resnet50 --concurrency-range 1:8 -f perf.csv', 'Sweep a sample model on the embedded server')
    .example('$0 -m mlp -u localhost:8001 -i grpc -b 8', 'Measure a running server over gRPC, batch 8')
    .example('$0 -m mlp --request-rate-range 100:500:100 --request-distribution poisson', 'Send at given rates')
    .example('$0 -m mlp --concurrency-range 1:0 -l 20 --percentile 99', 'Raise the load until p99 reaches 20 ms');
}

/** Those of the flags that may be given more than once. */
export const repeatableMeasureFlags: readonly string[] = [
  'u',
  'url',
  'shape',
  'input-data',
  'inputData',
  'input',
  ...repeatableWireFlags,
  ...repeatableTraceFlags,
  ...repeatableComposingFlags,
  ...repeatableMetricsFlags,
];

/** The flags that say what is measured and how, for every command that measures. */
export function measureFlags(yargs: Argv) {
  const text = { type: 'string', requiresArg: true } as const;
  const target = yargs
    .option('m', {
      ...text,
      alias: 'model-name',
      describe: 'Model to measure, or several at once, A=3,B=1 by their weights',
      group: 'Model:',
    })
    .option('x', {
      ...text,
      alias: 'model-version',
      default: '',
      defaultDescription: "the server's choice",
      describe: 'Version of the model',
      group: 'Model:',
    })
    .option('b', {
      ...text,
      alias: 'batch-size',
      defaultDescription: '1',
      describe: 'Inferences in each request',
      group: 'Model:',
    })
    .option('shape', {
      ...text,
      array: true,
      default: [] as string[],
      describe:
        'Shape of a variable input, NAME:d1,d2,...; several of one input, each with @WEIGHT, are mixed (repeatable)',
      group: 'Data:',
    })
    .option('input-data', {
      ...text,
      array: true,
      default: [] as string[],
      defaultDescription: 'random',
      describe: 'random, zero, a folder with a file for each input, or a JSON file (repeatable)',
      group: 'Data:',
    })
    .option('input', {
      ...text,
      array: true,
      default: [] as string[],
      describe:
        'How one input is made, NAME:KIND(...): uniform, normal, constant, zipf, sequence, vocabulary, file (repeatable)',
      group: 'Data:',
    })
    .option('string-length', { ...text, default: '128', describe: 'Length of random strings', group: 'Data:' })
    .option('string-data', { ...text, describe: 'Every string, instead of random ones', group: 'Data:' })
    .option('shared-memory', {
      ...text,
      default: 'none',
      describe: 'Where tensors travel: none (in the messages) or system (POSIX shared memory)',
      group: 'Data:',
    })
    .option('output-shared-memory-size', {
      ...text,
      default: '102400',
      describe: 'Bytes for an output whose size the model does not say',
      group: 'Data:',
    })
    .option('tolerance', {
      ...text,
      default: '0',
      describe: 'How far outputs may lie from validation_data, ABSOLUTE[,RELATIVE]',
      group: 'Data:',
    })
    .option('seed', { ...text, defaultDescription: '0', describe: 'Seed of input data and arrivals', group: 'Data:' })
    .option('u', {
      ...text,
      alias: 'url',
      array: true,
      default: [] as string[],
      defaultDescription: 'one that answers on the usual port, else the embedded one',
      describe: 'Server to measure, host:port; several share the load (repeatable)',
      group: 'Server:',
    })
    .option('i', { ...text, alias: 'protocol', default: 'http', describe: 'http or grpc', group: 'Server:' })
    .option('service-kind', {
      ...text,
      default: 'auto',
      describe: 'auto, remote (or triton), embedded',
      group: 'Server:',
    })
    .option('model-repository', {
      ...text,
      describe: 'Repository for the embedded server',
      defaultDescription: 'the sample models',
      group: 'Server:',
    });
  return requestFlags(loadFlags(target))
    .options(sequenceFlags)
    .options(metricsFlags)
    .options(composingFlags)
    .options(traceFlags)
    .options(wireFlags)
    .options(engineFlags)
    .options(tlsFlags)
    .options(measurementFlags)
    .options(reportFlags)
    .options(profileFlags)
    .options(progressFlags)
    .option('v', {
      type: 'count',
      alias: 'verbose',
      describe: "Tell every window, the model's tensors, and the embedded server's log",
      group: 'Reports:',
    });
}

type ParsedFlags = Awaited<ReturnType<typeof analyzeFlags>['argv']>;

/** Runs the default command, and loads only now what measures: help and refusals need none of it. Resolves with the exit code. */
export async function analyzeCommand(argv: ParsedFlags, context: CommandContext): Promise<number> {
  const options = optionsFrom(argv);
  const { runAnalysis } = await import('./run-analysis.js');
  const { withUi } = await import('./ui/with-ui.js');
  return withUi(uiPort(argv), context, (watched) => runAnalysis(options, watched));
}

/** @throws PerfError `usage` */
export function optionsFrom(argv: ParsedFlags): AnalyzeOptions {
  const flags: AnalyzeFlags = {
    modelName: argv.m,
    modelVersion: argv.x,
    urls: argv.u,
    protocol: argv.i,
    serviceKind: argv.serviceKind,
    modelRepository: argv.modelRepository,
    batchSize: argv.b,
    load: argv,
    requests: argv,
    measurement: argv,
    shape: argv.shape,
    inputData: argv.inputData,
    input: argv.input,
    stringLength: argv.stringLength,
    stringData: argv.stringData,
    tolerance: argv.tolerance,
    sharedMemory: argv.sharedMemory,
    outputSharedMemorySize: argv.outputSharedMemorySize,
    seed: argv.seed,
    reports: argv,
    profile: argv,
    verbose: argv.v > 0,
    engine: argv,
    wire: argv,
    metrics: argv,
    tls: argv,
    trace: argv,
    sequences: argv,
    composing: argv,
  };
  return analyzeOptions(flags);
}
