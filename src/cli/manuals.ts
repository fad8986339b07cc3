import { type ExitCode, exitCodes } from './exit-codes.js';

/** What `--help` of a command says beside its flags, their defaults and its examples. */
export interface Manual {
  /** How it is called, without the name of the program; one way a line. */
  readonly synopsis: readonly string[];
  readonly description: string;
  /** How values are written, and what they count in. */
  readonly values: readonly (readonly [form: string, meaning: string])[];
  /** When it ends with which exit code. */
  readonly exits: readonly (readonly [code: ExitCode, when: string])[];
}

const { done, bug, unstable, noValidRequest, gateFailed, unreachable, usage, interrupted } = exitCodes;

const range = ['START:END:STEP', 'a range; END may be 0 with -l, STEP is 1 when left out'] as const;
const duration = ['90s', 'a duration: a number with ms, s or m'] as const;
const constraint = [
  'TAG:max=N',
  'a limit, also min=N; latencies in ms, throughput in inferences a second, rates in %',
] as const;
const share = ['5%', 'a share, in per cent'] as const;
const threshold = ['TAG=+5%', 'how much worse a figure may get: + for latencies, - for perf_throughput'] as const;
const file = ['FILE', 'is written as a whole, or not at all; a folder must be there'] as const;

const isBug = [bug, 'a defect of the program itself, with its stack'] as const;
const isUnreachable = [
  unreachable,
  'the server cannot be reached, does not serve the model, or stopped answering',
] as const;
const isUsage = [usage, 'the command line or a file cannot be used; nothing was measured'] as const;
const isInterrupted = [interrupted, 'interrupted (Ctrl-C); what was there is reported'] as const;

export const manuals = {
  analyze: {
    synopsis: ['-m MODEL [flags]', 'COMMAND [flags]'],
    description:
      'Puts load on a model that a v2 inference server serves, and says how fast it answers and how sure that is. Without -u, and when no ' +
      'server answers at localhost:8000 (gRPC: 8001), it serves the model itself. Each command has a --help of its own.',
    values: [
      range,
      duration,
      ['MS, -p and -l', 'milliseconds; so are all latencies that are reported'],
      ['--request-rate-range', 'requests a second; throughput is reported in inferences a second'],
      file,
    ],
    exits: [
      [done, 'every level was measured and is steady and valid'],
      isBug,
      [
        unstable,
        'a level is not steady, not precise, undecided or invalid, or no largest rate was found; all is reported',
      ],
      [noValidRequest, 'a level had no request that was answered validly'],
      [gateFailed, 'a certification failed, or a scenario is INVALID'],
      isUnreachable,
      isUsage,
      isInterrupted,
    ],
  },
  models: {
    synopsis: ['models [--build DIR]'],
    description:
      "Lists the sample models, or builds them into a model repository in Triton's layout, the same bytes on every machine.",
    values: [['DIR', 'a folder, made where it is not there']],
    exits: [
      [done, 'listed, or written'],
      isBug,
      [unreachable, 'there is no sample model of that name'],
      isUsage,
      [interrupted, 'interrupted (Ctrl-C); models that are written stay'],
    ],
  },
  report: {
    synopsis: [
      'report RUN.json [RUN.json ...] [flags]',
      'report SEARCH.json|VARIANTS.json [-f FILE] [--json FILE] [--html FILE]',
    ],
    description:
      'Makes every report of stored runs again, byte for byte as the run itself would have written it, in any format. No server is asked. A ' +
      'search, or variants, have their text, CSV, document and page.',
    values: [['RUN.json', 'a document that --json wrote'], file],
    exits: [[done, 'all reports are written'], isBug, [unreachable, 'a Pushgateway did not take the numbers'], isUsage],
  },
  search: {
    synopsis: ['search -m MODEL [flags]', 'search --replay GRID.csv [flags]'],
    description:
      'Looks for the configuration and load with the most of the objective within limits. Each candidate is loaded into the server and measured ' +
      'shortly; the best and the current configuration are measured again in turn, and only what is beyond the noise counts.',
    values: [
      ['NAME=1,2,4', 'values of a setting, or a range NAME=1:4'],
      constraint,
      ['TAG:N', 'an objective with its weight, which is 1 when left out'],
      range,
      duration,
    ],
    exits: [
      [done, 'the best candidate surely keeps all limits'],
      isBug,
      [noValidRequest, 'nothing could be measured'],
      [gateFailed, 'the best candidate breaks a limit, or may break it'],
      isUnreachable,
      isUsage,
      isInterrupted,
    ],
  },
  profile: {
    synopsis: ['profile -f CONFIG.yml', 'profile --model-repository DIR --profile-models MODEL[,MODEL] [flags]'],
    description:
      "Searches each model as a YAML file or flags of NVIDIA's Model Analyzer say, and writes its tables. What it does not know it names and leaves " +
      'out, or refuses where the result would be another one.',
    values: [
      ['--latency-budget', 'milliseconds of p99'],
      ['--min-throughput', 'inferences a second'],
    ],
    exits: [
      [done, 'the best candidate of every model surely keeps all limits'],
      isBug,
      [noValidRequest, 'nothing could be measured for a model'],
      [gateFailed, 'the best candidate of a model breaks a limit, or may break it'],
      isUnreachable,
      isUsage,
      isInterrupted,
    ],
  },
  plan: {
    synopsis: ['plan RUN.json|SEARCH.json --target-rate N [flags]'],
    description:
      'Says how many replicas a rate needs so that latency stays within limits, also when some fail, by simulating arrivals at a server as it was measured.',
    values: [['--target-rate', 'inferences a second of all replicas together'], constraint, share],
    exits: [
      [done, 'a number of replicas is enough'],
      isBug,
      [gateFailed, 'no number of replicas keeps the limits'],
      isUsage,
    ],
  },
  variants: {
    synopsis: ['variants -m MODEL|FILE.onnx [flags]'],
    description:
      'Makes FP16 and int8 variants of an ONNX model, compares what they answer with the original, and times them in turn with it.',
    values: [['--shape INPUT:d1,d2', 'whole numbers, without the batch'], duration, file],
    exits: [
      [done, 'every variant that was asked for by name passed'],
      isBug,
      [gateFailed, 'a variant that was asked for by name was refused, such as for its accuracy'],
      [unreachable, 'the model cannot be read or run'],
      isUsage,
      isInterrupted,
    ],
  },
  compare: {
    synopsis: ['compare BASE.json NEW.json [NEW.json ...] [--base BASE.json ...] [flags]'],
    description:
      'Says level by level and figure by figure how many times larger the new value is, with an interval, and whether that is better, worse or the ' +
      'same beyond the noise. Several runs on both sides are each one value; of single runs the noise is that between their windows.',
    values: [threshold, share, file],
    exits: [
      [done, 'nothing that counts got worse'],
      isBug,
      [gateFailed, 'a figure got worse, by more than its threshold where there is one, or is missing on one side'],
      [
        usage,
        'a file is no run, or runs of different models, loads or machines are compared without --allow-differences',
      ],
    ],
  },
  inspect: {
    synopsis: ['inspect FILE.onnx [flags]', 'inspect -m MODEL [flags]'],
    description:
      'Says what an ONNX model takes and gives, its parameters, operations and MACs, and whether it batches and what is in the way, by running it.',
    values: [['--shape INPUT:d1,d2', 'whole numbers, without the batch'], file],
    exits: [
      [done, 'it was inspected'],
      isBug,
      [unreachable, 'the model cannot be read or run, or --batchable is asked of one that cannot batch'],
      isUsage,
      [interrupted, 'interrupted (Ctrl-C)'],
    ],
  },
  history: {
    synopsis: ['history add RUN.json [RUN.json ...] --store DIR', 'history show|check --store DIR [flags]'],
    description:
      'Keeps the runs of every night in a folder that is only appended to, and finds the first run on which a figure took a worse level. A run that sticks ' +
      'out alone counts nowhere.',
    values: [['DIR', 'the folder; add makes it where it is not there'], threshold, share],
    exits: [
      [done, 'added or shown; of check: no figure got worse lately'],
      isBug,
      [gateFailed, 'check: a figure took a worse level and is still there, or is missing in the latest run'],
      isUsage,
    ],
  },
  serve: {
    synopsis: ['serve --model-repository DIR [flags]'],
    description:
      "Serves models in Triton's layout over HTTP and gRPC until it is interrupted: ONNX models on this machine's processors, JavaScript models and " +
      'ensembles.',
    values: [
      ['--*-port', 'a port; 0 takes a free one and prints it'],
      ['--*-timeout, --*-secs', 'seconds'],
    ],
    exits: [
      [done, 'stopped by SIGTERM or SIGINT when all requests were answered'],
      isBug,
      [unreachable, 'a model cannot be loaded (--exit-on-error)'],
      isUsage,
      [interrupted, 'stopped at once by a second signal'],
    ],
  },
  doctor: {
    synopsis: ['doctor'],
    description:
      'Measures up to which request rate this machine sends on time, against a server of its own that does no work.',
    values: [],
    exits: [
      [done, 'a rate can be trusted'],
      isBug,
      [unstable, 'no rate can be trusted: something else uses the machine'],
      isUsage,
      isInterrupted,
    ],
  },
  completion: {
    synopsis: ['completion bash|zsh|fish'],
    description: 'Prints a script that completes commands and flags.',
    values: [],
    exits: [[done, 'printed'], isBug, isUsage],
  },
} as const satisfies Record<string, Manual>;
