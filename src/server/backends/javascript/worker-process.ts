import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PerfError } from '../../../core/perf-error.js';
import type { ModelGraph } from '../backend.js';
import type { ComputeWorker } from '../replaced-worker.js';
import { readLines } from './bounded-lines.js';
import type { RunningProcesses } from './running-processes.js';
import type { FromWorker, ModelArguments, ToWorker } from './worker-messages.js';

/** A worker whose model is initialised. */
export interface JavascriptWorker extends ComputeWorker<ToWorker, FromWorker> {
  readonly graph: ModelGraph | undefined;
}

export interface WorkerProcessOptions {
  readonly modelPath: string;
  readonly arguments: ModelArguments;
  /** `undefined` = what Node takes. */
  readonly maxHeapMb: number | undefined;
  /** For `execute`; `undefined` = as long as it takes. */
  readonly executionTimeoutMs: number | undefined;
  /** Gets each line that the model writes. */
  readonly log: (line: string) => void;
  readonly running: RunningProcesses;
}

/** How long `finalize` may take. */
const finalizeMs = 5_000;
/** After a process has ended: for what it wrote last. */
const lastWordsMs = 200;

/** Starts a process. Rejects with a `PerfError` that names the file when the model cannot be loaded or initialised. */
export function startWorkerProcess(options: WorkerProcessOptions): Promise<JavascriptWorker> {
  const { modelPath, maxHeapMb, running } = options;
  const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: maxHeapMb === undefined ? [] : [`--max-old-space-size=${maxHeapMb}`],
  });
  running.add(child);
  const ended = endingOf(child, options.log);
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      child.off('message', onMessage);
      child.kill('SIGKILL');
      reject(new PerfError('model', `cannot load ${modelPath}: expected a JavaScript model, got: ${reason}`));
    };
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'started') {
        child.off('message', onMessage);
        resolve(workerOf(child, { ended, graph: message.graph, executionTimeoutMs: options.executionTimeoutMs }));
      } else if (message.kind === 'failed') {
        fail(message.message);
      }
    };
    child.on('message', onMessage);
    void ended.then((reason) => fail(`its process ended with ${reason}`));
    child.send({ kind: 'start', modelPath, arguments: options.arguments } satisfies ToWorker);
  });
}

interface StartedProcess {
  readonly ended: Promise<string>;
  readonly graph: ModelGraph | undefined;
  readonly executionTimeoutMs: number | undefined;
}

function workerOf(child: ChildProcess, { ended, graph, executionTimeoutMs }: StartedProcess): JavascriptWorker {
  let isEnding = false;
  let timer: NodeJS.Timeout | undefined;
  let overtime: string | undefined;
  const kill = (): void => {
    overtime = `execute took longer than execution_timeout_ms ${executionTimeoutMs}`;
    child.kill('SIGKILL');
  };
  child.on('message', ({ kind }: FromWorker) => {
    if (kind === 'done' || kind === 'failed') clearTimeout(timer);
  });
  void ended.then(() => clearTimeout(timer));
  return {
    graph,
    post: (message) => {
      if (!child.connected) return;
      child.send(message);
      if (message.kind === 'run' && executionTimeoutMs !== undefined) timer = setTimeout(kill, executionTimeoutMs);
    },
    listen(onMessage, onEnd) {
      child.on('message', onMessage);
      void ended.then((reason) => (isEnding ? undefined : onEnd(overtime ?? reason)));
    },
    async end() {
      isEnding = true;
      const limit = setTimeout(() => child.kill('SIGKILL'), finalizeMs);
      if (child.connected) child.send({ kind: 'finalize' } satisfies ToWorker);
      await ended;
      clearTimeout(limit);
    },
  };
}

/** Resolves, when the process has ended, with how: what nothing caught, the fatal error, the signal or the exit code. */
function endingOf(child: ChildProcess, log: (line: string) => void): Promise<string> {
  let cause: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    readLines(stream, (line) => {
      if (line.startsWith('FATAL ERROR: ')) cause ??= line;
      log(line);
    });
  }
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'crashed') cause = message.message;
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.on('error', () => undefined); // A message that cannot be sent: `exit` follows.
    child.once('exit', (code, signal) => {
      const tell = () => {
        clearTimeout(timer);
        const ending = signal === null ? `exit code ${code}` : `signal ${signal}`;
        resolve(cause === undefined ? ending : `${ending}: ${cause}`);
      };
      const timer = setTimeout(tell, lastWordsMs);
      child.once('close', tell);
    });
  });
}
