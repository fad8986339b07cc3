import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createWorkplace, startServer, type Workplace } from '../helpers/cli.js';

/**
 * `npm run docs:check [FILE...]`: runs the commands of README and docs in a folder of their own for each document, one after the
 * other, against the embedded server. Those of other programs (npm, docker ...) are named and left out.
 */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const shim = fileURLToPath(new URL('./short-command.js', import.meta.url));

const say = (line: string): unknown => process.stdout.write(`${line}\n`);

/** Done; unstable, as short windows on a busy machine are; a gate that failed. */
const goodCodes: readonly (number | null)[] = [0, 2, 4];

const documents = (): string[] => {
  const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...guides.map((name) => join('docs', name))];
};

/** What stands in blocks of shell: a command a line, or over several that end in a backslash. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block
      .replace(/\\\n\s*/g, '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  );

/** Files that a document shows, by the line above their block. */
const filesIn = (text: string): [path: string, content: string][] =>
  [...text.matchAll(/^`([^`\n]+\.[a-z]+)`:\n\n```\w*\n([\s\S]*?)^```$/gm)].map(([, path = '', content = '']) => [
    path,
    content,
  ]);

const grid = `model,instance_count,concurrency,perf_throughput,perf_latency_p99,measurement_s
mlp,1,1,700,2,1
mlp,1,8,1400,8,1
mlp,2,1,690,2,1
mlp,2,8,1900,6,1
`;

/** What a document relies on that others show how to make. */
const fixtures = (): [path: string, content: string][] => [
  ['grid.csv', grid],
  ...filesIn(readFileSync(join(root, 'docs/from-model-analyzer.md'), 'utf8')),
];

interface Check {
  readonly place: Workplace;
  readonly env: NodeJS.ProcessEnv;
  readonly models: string;
}

function checkDocument(name: string, { place, env, models }: Check): number {
  const folder = place.path(basename(name, '.md'));
  mkdirSync(folder);
  const text = readFileSync(join(root, name), 'utf8');
  const run = (command: string) => spawnSync('bash', ['-c', command], { cwd: folder, env, encoding: 'utf8' });
  run(`cp -r "${models}" models; perf-analyze -m simple --json run.json`);
  for (const [path, content] of [...fixtures(), ...filesIn(text)]) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  let failed = 0;
  for (const command of commandsIn(text)) {
    if (!command.startsWith('perf-analyze ')) {
      say(`${name}: not run: ${command}`);
      continue;
    }
    const startedAt = performance.now();
    const { status, stdout, stderr } = run(command);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const isGood = goodCodes.includes(status);
    say(`${name}: ${isGood ? 'ok' : 'FAILED'} ${status}, ${seconds} s: ${command}`);
    if (isGood) continue;
    failed++;
    say(`${stdout}${stderr}`);
  }
  return failed;
}

async function main(names: readonly string[]): Promise<void> {
  await using place = createWorkplace();
  for (const model of ['mlp', 'simple']) await place.run('models', '--build', 'models', '-m', model);
  const { server, port, grpcPort } = await startServer(place, '--model-control-mode', 'explicit', '--load-model', '*');
  const bin = place.path('bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'perf-analyze'), `#!/bin/sh\nexec "${process.execPath}" "${shim}" "$@"\n`);
  chmodSync(join(bin, 'perf-analyze'), 0o755);
  const env = {
    ...process.env,
    PATH: `${bin}:${process.env['PATH']}`,
    GITHUB_SHA: '4be1c7d',
    DOCS_HTTP: `127.0.0.1:${port}`,
    DOCS_GRPC: `127.0.0.1:${grpcPort}`,
  };
  let failed = 0;
  for (const name of names) failed += checkDocument(name, { place, env, models: place.path('models') });
  server.child.kill('SIGTERM');
  await server.result;
  say(failed === 0 ? 'every command of the documents runs' : `${failed} commands failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

const given = process.argv.slice(2);
await main(given.length > 0 ? given : documents());
