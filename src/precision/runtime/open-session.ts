import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PerfError } from '../../core/perf-error.js';
import type {
  SentTensors,
  SessionAnswers,
  SessionCall,
  SessionReply,
  SessionStart,
  SessionValue,
  Span,
  Spread,
} from './session-messages.js';

const program = fileURLToPath(new URL('./session-process.js', import.meta.url));

/** An ONNX Runtime session in a process of its own. Every call rejects with a PerfError `model`; its cause is what ONNX Runtime says. */
export interface Session extends AsyncDisposable {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  /** How long the model took to load, once. */
  readonly loadMs: number;
  /** Sets what `run` and `time` compute on. */
  feed(feeds: SentTensors): Promise<void>;
  run(): Promise<SentTensors>;
  /** Milliseconds of each of `count` runs in a row. */
  time(count: number): Promise<readonly number[]>;
  /** Runs once; how each output of FP32 is spread, counted in equal parts of its span when that is given. */
  observe(spans?: Readonly<Record<string, Span>>): Promise<Readonly<Record<string, Spread>>>;
  /** The most memory, in bytes, that the process has had so far. */
  peakMemoryBytes(): Promise<number>;
}

/** Starts a process and loads the model in it. */
export async function openSession(start: SessionStart): Promise<Session> {
  const child = fork(program, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    // ONNX Runtime for Linux would report usage to its maker.
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  });
  const call = caller(child, start.modelPath);
  const dispose = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const started = await call({ kind: 'start', start });
    return {
      ...started,
      feed: (feeds) => call({ kind: 'feed', feeds }),
      run: () => call({ kind: 'run' }),
      time: (count) => call({ kind: 'time', count }),
      observe: (spans) => call({ kind: 'observe', spans }),
      peakMemoryBytes: () => call({ kind: 'memory' }),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}

type Call = <Kind extends SessionCall['kind']>(
  call: Extract<SessionCall, { readonly kind: Kind }>,
) => Promise<SessionAnswers[Kind]>;

/** One call at a time: the process answers in order. */
function caller(child: ChildProcess, modelPath: string): Call {
  const cannot = { start: 'load', feed: 'feed', run: 'run', time: 'run', observe: 'run', memory: 'measure' } as const;
  return (call) =>
    new Promise((resolve, reject) => {
      const refuse = (got: string): void => {
        stopListening();
        reject(
          new PerfError(
            'model',
            `Cannot ${cannot[call.kind]} ${modelPath}: expected ONNX Runtime to do so, got: ${got}`,
            { cause: new Error(got) },
          ),
        );
      };
      const onMessage = (reply: unknown): void => {
        const { ok, ...rest } = reply as SessionReply;
        stopListening();
        if ('value' in rest && ok) resolve(rest.value as never);
        else refuse('message' in rest ? rest.message : 'no answer');
      };
      const onExit = (code: number | null, signal: string | null): void =>
        refuse(`its process ended (${signal ?? code})`);
      const onError = (error: Error): void => refuse(error.message);
      const stopListening = (): void => {
        child.off('message', onMessage).off('exit', onExit).off('error', onError);
      };
      child.once('message', onMessage).once('exit', onExit).once('error', onError);
      child.send(call);
    });
}
