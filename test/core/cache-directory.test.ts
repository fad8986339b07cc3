import { join, resolve } from 'node:path';
import test from 'ava';
import { type CacheHost, cacheDirectory } from '../../src/core/cache-directory.js';

const linux: CacheHost = { env: {}, platform: 'linux', home: '/home/me' };

const cases: readonly [string, CacheHost, string][] = [
  ['Linux', linux, join('/home/me', '.cache', 'perf-analyze')],
  ['macOS', { ...linux, platform: 'darwin' }, join('/home/me', 'Library', 'Caches', 'perf-analyze')],
  ['Windows', { ...linux, platform: 'win32', env: { LOCALAPPDATA: '/local' } }, join('/local', 'perf-analyze')],
  [
    'Windows without LOCALAPPDATA',
    { ...linux, platform: 'win32' },
    join('/home/me', 'AppData', 'Local', 'perf-analyze'),
  ],
  ['XDG_CACHE_HOME', { ...linux, env: { XDG_CACHE_HOME: '/xdg' } }, join('/xdg', 'perf-analyze')],
  [
    'a relative XDG_CACHE_HOME',
    { ...linux, env: { XDG_CACHE_HOME: 'xdg' } },
    join('/home/me', '.cache', 'perf-analyze'),
  ],
  ['PERF_ANALYZE_CACHE', { ...linux, env: { PERF_ANALYZE_CACHE: '/own', XDG_CACHE_HOME: '/xdg' } }, resolve('/own')],
  ['a relative PERF_ANALYZE_CACHE', { ...linux, env: { PERF_ANALYZE_CACHE: 'own' } }, resolve('own')],
  [
    'empty variables',
    { ...linux, env: { PERF_ANALYZE_CACHE: '', XDG_CACHE_HOME: '' } },
    join('/home/me', '.cache', 'perf-analyze'),
  ],
];
for (const [title, machine, expected] of cases) {
  test(`cacheDirectory ${title}`, (t) => {
    t.is(cacheDirectory(machine), expected);
  });
}
