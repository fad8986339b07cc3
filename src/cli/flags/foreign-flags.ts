import { PerfError } from '../../core/perf-error.js';

/** A flag of perf_analyzer that this tool knows only to say what to use instead. */
export interface ForeignFlag {
  readonly name: string;
  /** What it is for. */
  readonly subject: string;
  /** What to do instead, one sentence. */
  readonly hint: string;
}

const otherServer =
  'Serve the model with anything that speaks the v2 protocol (Triton, KServe, MLServer, OpenVINO Model Server) and name it with -u.';
const ownServer = 'Start tritonserver and name it with -u, or use --service-kind embedded with --model-repository.';

/** perf_analyzer's flags for what this tool leaves to others, and those it calls deprecated itself. */
export const foreignFlags: readonly ForeignFlag[] = [
  { name: 'model-signature-name', subject: 'TensorFlow Serving', hint: otherServer },
  { name: 'triton-server-directory', subject: "Triton's C API", hint: ownServer },
  { name: 'endpoint', subject: 'OpenAI endpoints', hint: otherServer },
  { name: 'grpc-method', subject: 'gRPC services of any kind', hint: otherServer },
  { name: 'proto', subject: 'gRPC services of any kind', hint: otherServer },
  { name: 'session-concurrency', subject: 'OpenAI endpoints', hint: 'Use --concurrency-range.' },
  {
    name: 'enable-mpi',
    subject: 'runs over several hosts with MPI',
    hint: 'Run one process a host and model, each with --json; every one keeps its own windows.',
  },
  { name: 't', subject: 'the old way to name a concurrency', hint: 'Use --concurrency-range N.' },
  { name: 'c', subject: 'the old way to limit the concurrency', hint: 'Use --concurrency-range 1:N.' },
  { name: 'd', subject: 'the old way to raise the concurrency', hint: 'Use --concurrency-range 1:0 with -l.' },
  { name: 'z', subject: 'the old way to send zeros', hint: 'Use --input-data zero.' },
  { name: 'data-directory', subject: 'the old way to name input data', hint: 'Use --input-data DIR.' },
];

/** @param flag as it was typed, with its dashes */
export function refuseForeign(flag: string, { subject, hint }: ForeignFlag): PerfError {
  return new PerfError('usage', `Cannot use ${flag}: expected a flag that --help lists, got one for ${subject}`, {
    hint,
  });
}

const foreignKinds: ReadonlyMap<string, string> = new Map([
  ['openai', otherServer],
  ['tfserving', otherServer],
  ['torchserve', otherServer],
  ['dynamic_grpc', otherServer],
  ['triton_c_api', ownServer],
]);

/** @throws PerfError `usage` when perf_analyzer would measure another kind of server */
export function refuseForeignKind(serviceKind: string): void {
  const hint = foreignKinds.get(serviceKind);
  if (hint === undefined) return;
  throw new PerfError(
    'usage',
    `Cannot use --service-kind: expected auto, remote, triton, embedded, got '${serviceKind}', which is no v2 server`,
    { hint },
  );
}
