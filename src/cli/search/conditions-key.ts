import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { InputDataSettings } from '../../core/input-data.js';
import { tool } from '../../core/package-manifest.js';
import type { ServerMetadata } from '../../protocol/metadata.js';
import type { ServerLaunch } from '../embedded-server.js';
import { describeMachine } from '../machine.js';
import { type MeasureOptions, measurementOf } from './measure-candidate.js';

export interface Conditions extends Omit<MeasureOptions, 'context'> {
  /** How the server is run, where that is not the usual way. */
  readonly setup: { readonly launch?: ServerLaunch; readonly restarts?: true; readonly weightBits?: 7 | 8 };
  /** What the server says of itself: one that runs, or another program, may be replaced. */
  readonly served: Pick<ServerMetadata, 'name' | 'version'>;
}

/**
 * A digest of everything but the candidate that decides what a measurement brings: tool, machine, model files, configuration,
 * data and how it is measured. What a search looks for is not in it: a journal can be asked again with other limits.
 */
export function conditionsKey({ server, options, effort, setup, served }: Conditions): string {
  const { load, measurement, ...rest } = options.settings;
  const { modelRepository: repository, composing } = server;
  const names = [rest.modelName, ...composing.keys()];
  const sent = server.precisions === undefined ? [] : filesIn(join(server.precisions.repository, rest.modelName));
  const files =
    repository === undefined ? [server.url, ...sent] : names.flatMap((name) => filesIn(join(repository, name)));
  const conditions = {
    tool,
    machine: describeMachine(),
    config: server.config,
    ...(composing.size === 0 ? {} : { composing: [...composing] }),
    files,
    served: { name: served.name, version: served.version },
    settings: rest,
    data: dataFilesOf(rest.data).flatMap((path) => filesIn(path)),
    load: { ...load, range: undefined },
    measurement: measurementOf(measurement, effort),
    effort,
    ...setup,
  };
  return createHash('sha256').update(JSON.stringify(conditions)).digest('hex');
}

/** What requests are made of, beside the settings. */
const dataFilesOf = ({ paths, generators }: InputDataSettings): string[] => [
  ...paths,
  ...Object.values(generators).flatMap((generator) => ('file' in generator ? [generator.file] : [])),
];

/** The digest of every file, by its path in the folder; of a file that of its own. Links are followed, to each folder once. */
function filesIn(path: string, inFolder = '', seen = new Set<string>()): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return [`${inFolder} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`];
  const real = found?.isDirectory() ? realpathSync(path) : undefined;
  if (real === undefined || seen.has(real)) return [];
  seen.add(real);
  const names = readdirSync(path).sort();
  return names.flatMap((name) => filesIn(join(path, name), `${inFolder}/${name}`, seen));
}
