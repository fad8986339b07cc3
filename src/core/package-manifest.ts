import { readFileSync } from 'node:fs';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** Our own `package.json`, seen from compiled code in `dist/src/core`. */
export const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as Manifest;

/** Name and version of this tool. */
export const tool = { name: manifest.name, version: manifest.version };
