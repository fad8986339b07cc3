import { readFileSync } from 'node:fs';
import test from 'ava';

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly hasInstallScript?: boolean; readonly optionalDependencies?: object }>
  >;
}

const lockfile = JSON.parse(readFileSync(new URL('../../../npm-shrinkwrap.json', import.meta.url), 'utf8')) as Lockfile;

test('npm-shrinkwrap.json lets no dependency run an install script', (t) => {
  const scripted = Object.entries(lockfile.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
  t.deepEqual(
    scripted.map(([name]) => name),
    [],
    'run `node .ci/prepare.mjs`',
  );
});

test('npm-shrinkwrap.json holds the packages of every platform', (t) => {
  const missing = Object.values(lockfile.packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter((name) => lockfile.packages[`node_modules/${name}`] === undefined),
  );
  t.deepEqual(missing, []);
});
