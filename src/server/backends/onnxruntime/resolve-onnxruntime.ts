import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, PerfError } from '../../../core/perf-error.js';

export interface ResolveOptions {
  /** Where packages that we fetch ourselves are kept. */
  readonly cacheDirectory: string;
  readonly version: string;
  readonly log: (line: string) => void;
  /** A file or URL of our own package: where the search starts. */
  readonly from: string | URL;
  /** Puts the package below `folder`; `npm install` unless a test stages it. */
  readonly install?: (folder: string, version: string) => Promise<void>;
}

/**
 * The path of `onnxruntime-node`'s entry file. It is an optional dependency whose install script downloads GPU
 * libraries from a host that may be out of reach, and npm then drops the whole package although its CPU libraries lie
 * inside; so it is looked for in our own `node_modules`, then in the cache, and is at last fetched into the cache
 * without its scripts. Rejects with a `PerfError` that says how to install it by hand.
 */
export async function resolveOnnxruntime(options: ResolveOptions): Promise<string> {
  const own = findFrom(options.from);
  if (own !== undefined) return own;
  const folder = join(options.cacheDirectory, `onnxruntime-node-${options.version}`);
  const cached = findFrom(join(folder, 'package.json'));
  if (cached !== undefined) return cached;
  options.log(`note: onnxruntime-node is not installed: fetching version ${options.version} from the npm registry`);
  await installInto(folder, options);
  const installed = findFrom(join(folder, 'package.json'));
  if (installed === undefined) throw unavailable(options.version, `npm left no package in ${folder}`);
  return installed;
}

function findFrom(start: string | URL): string | undefined {
  try {
    return createRequire(start).resolve('onnxruntime-node');
  } catch {
    return undefined;
  }
}

/** Installs beside the final folder and renames, so that a killed install leaves nothing that looks complete. */
async function installInto(folder: string, { version, install = npmInstall }: ResolveOptions): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  await sweepKilledInstalls(folder);
  const temporary = await mkdtemp(`${folder}-`);
  try {
    await install(temporary, version);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (thrown) {
    if (findFrom(join(folder, 'package.json')) !== undefined) return; // Another process was faster.
    throw unavailable(version, messageOf(thrown), thrown);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** An install takes seconds: a folder that is older was left by one that was killed. */
async function sweepKilledInstalls(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    const path = join(dirname(folder), name);
    if (!path.startsWith(`${folder}-`)) continue;
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > longestInstallMs)
      await rm(path, { recursive: true, force: true });
  }
}

const longestInstallMs = 3600e3;

async function npmInstall(folder: string, version: string): Promise<void> {
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefix', folder];
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  await promisify(execFile)(npm, ['install', ...flags, `onnxruntime-node@${version}`], {
    cwd: folder,
    shell: process.platform === 'win32',
  });
}

function unavailable(version: string, reason: string, cause?: unknown): PerfError {
  const firstLine = reason.split('\n').find((line) => line.trim() !== '') ?? reason;
  return new PerfError('model', `Cannot load onnxruntime-node: expected version ${version}, got: ${firstLine.trim()}`, {
    hint: `Install it by hand: npm install --ignore-scripts onnxruntime-node@${version}`,
    cause,
  });
}
