// Runs after `npm ci` and `npm install` in a checkout, never at a user's place.
// 1. Keeps install scripts of dependencies out of the lockfile: npm runs the script only of a package whose lockfile
//    entry says `hasInstallScript`. That of onnxruntime-node downloads GPU libraries from a host that is not the npm
//    registry, and fails where that host cannot be reached; no other dependency needs its script either.
// 2. Compiles.
// 3. Links our own command into node_modules/.bin, so that `npx perf-analyze` starts it at once.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';

const lockfile = 'npm-shrinkwrap.json';
const lock = JSON.parse(readFileSync(lockfile, 'utf8'));
const scripted = Object.values(lock.packages).filter((entry) => entry.hasInstallScript);
if (scripted.length > 0) {
  for (const entry of scripted) delete entry.hasInstallScript;
  writeFileSync(lockfile, `${JSON.stringify(lock, null, 2)}\n`);
}

if (existsSync('node_modules/typescript')) {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit', shell: process.platform === 'win32' });
  const link = 'node_modules/.bin/perf-analyze';
  mkdirSync('node_modules/.bin', { recursive: true });
  rmSync(link, { force: true });
  symlinkSync('../../dist/src/cli/main.js', link);
}
