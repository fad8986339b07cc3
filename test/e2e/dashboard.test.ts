import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { type EmulatedTerminal, emulateTerminal } from '../helpers/terminal-emulator.js';
import { startV2Stub, v2Answer } from '../helpers/v2-stub.js';

const python = findPython();
/** Loud: a machine without python3 shows these tests as skipped. */
const onTerminal = python === undefined ? test.skip : test;

function findPython(): string | undefined {
  try {
    return execFileSync('python3', ['-c', 'import pty, termios, sys; print(sys.executable)'], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return undefined;
  }
}

type Step = readonly [waitFor: string, action: 'type' | 'signal' | 'resize' | 'kill-parent', value?: unknown];

interface Ended extends EmulatedTerminal {
  readonly text: string;
  readonly status: number | null;
  readonly echo: boolean;
  readonly canonical: boolean;
  readonly signals: boolean;
  readonly stepsLeft: number;
}

const driver = fileURLToPath(new URL('../../../test/helpers/pseudo-terminal.py', import.meta.url));
const command = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Runs the default command under a pseudo-terminal, against a server that takes 5 ms for an answer. */
async function runOnTerminal(flags: string, steps: readonly Step[]): Promise<Ended> {
  await using stub = await startV2Stub((response) => setTimeout(() => response.end(v2Answer), 5));
  const args = ['-m', 'm', '-u', stub.url, ...flags.split(' ')];
  const script = JSON.stringify({ columns: 80, rows: 24, steps });
  const child = spawn(python ?? 'python3', [driver, script, process.execPath, command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color', CI: '' },
  });
  let reported = '';
  for await (const piece of child.stdout.setEncoding('utf8')) reported += piece;
  const { output, ...rest } = JSON.parse(reported);
  const text = Buffer.from(output, 'base64').toString('utf8');
  return { text, ...rest, ...emulateTerminal(text) };
}

function isRestored(t: ExecutionContext, ended: Ended): void {
  const { isAlternate, isCursorVisible, wraps, echo, canonical, signals, stepsLeft } = ended;
  t.deepEqual(
    { isAlternate, isCursorVisible, wraps, echo, canonical, signals, stepsLeft },
    {
      isAlternate: false,
      isCursorVisible: true,
      wraps: true,
      echo: true,
      canonical: true,
      signals: true,
      stepsLeft: 0,
    },
  );
  t.true(ended.text.includes('\x1b[?1049h'), 'there was a dashboard');
}

onTerminal(
  'the dashboard on a terminal of 80x24, resized meanwhile: the report and all lines are there afterwards',
  async (t) => {
    const ended = await runOnTerminal('-p 600 -r 3 --concurrency-range 1:2', [
      ['p99', 'resize', [60, 14]],
      ['p99', 'resize', [100, 30]],
    ]);
    isRestored(t, ended);
    t.log(ended.picture.join('\n'));
    t.regex(ended.picture[0] ?? '', /^perf-analyze {2}m, batch 1, http +00:\d\d$/);
    t.true(ended.picture.some((line) => /^throughput +\d+\.\d infer\/s/.test(line)));
    t.true(ended.picture.some((line) => /^best so far concurrency 1: /.test(line)));
    t.true(ended.picture.every((line) => line.length <= 100));
    t.regex(ended.scrollback, /concurrency 1: .* infer\/s.*\r\nconcurrency 2: /);
    t.regex(ended.scrollback, /Inferences\/Second vs\. Client/);
  },
);

const endings: readonly [string, readonly Step[], number | null][] = [
  ['Ctrl-C', [['p99', 'type', '\x03']], 130],
  [
    'SIGTERM, and SIGHUP after it',
    [
      ['p99', 'signal', 'SIGTERM'],
      ['Interrupted', 'signal', 'SIGHUP'],
    ],
    130,
  ],
  ['Ctrl-\\', [['p99', 'type', '\x1c']], -3],
  [
    'Ctrl-Z, going on, and Ctrl-C',
    [
      ['p99', 'type', '\x1a'],
      ['\x1b[?1049l', 'signal', 'SIGCONT'],
      ['p99', 'type', '\x03'],
    ],
    130,
  ],
];
for (const [what, steps, status] of endings) {
  onTerminal(`the terminal is as it was after ${what}`, async (t) => {
    const ended = await runOnTerminal('-p 60000', steps);
    isRestored(t, ended);
    t.is(ended.status, status);
  });
}

onTerminal(
  'the terminal is as it was when the parent of the command is killed, and the run goes on without it',
  async (t) => {
    const ended = await runOnTerminal('-p 300 -r 4', [['p99', 'kill-parent']]);
    isRestored(t, ended);
    t.regex(ended.scrollback, /Inferences\/Second vs\. Client/);
  },
);
