import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** What of a host decides where its caches are. */
export interface CacheHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home directory. */
  readonly home: string;
}

/**
 * The folder for what can be made again: sample models, ONNX Runtime where npm left it out. It need not exist yet.
 * In order: `PERF_ANALYZE_CACHE` itself; `perf-analyze` in `XDG_CACHE_HOME` when absolute (https://specifications.freedesktop.org/basedir/),
 * or in the platform's place for caches. An empty variable counts as unset.
 */
export function cacheDirectory(host: CacheHost = thisHost()): string {
  const { PERF_ANALYZE_CACHE: own } = host.env;
  return own ? resolve(own) : join(cacheRoot(host), 'perf-analyze');
}

function thisHost(): CacheHost {
  return { env: process.env, platform: process.platform, home: homedir() || tmpdir() };
}

function cacheRoot({ env, platform, home }: CacheHost): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = env;
  if (xdg && isAbsolute(xdg)) return xdg;
  if (platform === 'darwin') return join(home, 'Library', 'Caches');
  if (platform === 'win32') return local || join(home, 'AppData', 'Local');
  return join(home, '.cache');
}
