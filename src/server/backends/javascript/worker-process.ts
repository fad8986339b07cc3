import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { PerfError } from '../../../core/perf-error.js';
import type { ModelGraph } from '../backend.js';
import type { ComputeWorker } from '../replaced-worker.js';
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
  /** Gets each line that the model writes. */
  readonly log: (line: string) => void;
  readonly running: RunningProcesses;
}

/** How long `finalize` may take. */
const finalizeMs = 5_000;
/** After a process has ended: for what it wrote last. */
const lastWordsMs = 200;
const longestLine = 2_000;

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
        resolve(workerOf(child, ended, message.graph));
      } else if (message.kind === 'failed') {
        fail(message.message);
      }
    };
    child.on('message', onMessage);
    void ended.then((reason) => fail(`its process ended with ${reason}`));
    child.send({ kind: 'start', modelPath, arguments: options.arguments } satisfies ToWorker);
  });
}

const workerOf = (child: ChildProcess, ended: Promise<string>, graph: ModelGraph | undefined): JavascriptWorker => {
  let isEnding = false;
  return {
    graph,
    post: (message) => {
      if (child.connected) child.send(message);
    },
    listen(onMessage, onEnd) {
      child.on('message', onMessage);
      void ended.then((reason) => (isEnding ? undefined : onEnd(reason)));
    },
    async end() {
      isEnding = true;
      const timer = setTimeout(() => child.kill('SIGKILL'), finalizeMs);
      if (child.connected) child.send({ kind: 'finalize' } satisfies ToWorker);
      await ended;
      clearTimeout(timer);
    },
  };
};

/** Resolves, when the process has ended, with how: what nothing caught, the fatal error, the signal or the exit code. */
function endingOf(child: ChildProcess, log: (line: string) => void): Promise<string> {
  let cause: string | undefined;
  const read = (stream: Readable | null) => {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      if (line.startsWith('FATAL ERROR: ')) cause ??= line.slice(0, longestLine);
      log(line.slice(0, longestLine));
    });
  };
  read(child.stdout);
  read(child.stderr);
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
