import type { V2Client } from '../client/v2-client.js';
import type { ComposingModel, NamedVersion } from '../core/composing.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import { highestOf } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';

export interface ComposingSearch {
  /** Of the measured model; absent where the server has none to show. */
  readonly config: ModelConfig | undefined;
  readonly modelName: string;
  /** The models of `--bls-composing-models`. */
  readonly called: readonly NamedVersion[];
  readonly url: string;
}

/** A model to look at, and how it got here. */
interface Visit extends NamedVersion, Pick<ComposingModel, 'depth' | 'stepsPerRequest'> {
  /** The model that it works within, or the flag that names it. */
  readonly because: string;
  readonly path: readonly string[];
}

/**
 * The models that work within the measured one: the steps of an ensemble, those that the user says it calls, and what
 * these are made of themselves, at any depth. Each model version is listed once, where it was met first.
 *
 * @throws PerfError `unreachable` for a model or version that is not ready, `model` for an ensemble that contains itself
 */
export async function findComposing(client: V2Client, search: ComposingSearch): Promise<ComposingModel[]> {
  const found = new Map<string, ComposingModel>();
  const visit = async (visited: Visit): Promise<void> => {
    const { name, depth, path } = visited;
    if (path.includes(name)) {
      const circle = [...path.slice(path.indexOf(name)), name].join(' -> ');
      throw new PerfError(
        'model',
        `Cannot measure '${search.modelName}': expected no model within itself, got ${circle}`,
      );
    }
    await requireReady(client, visited, search.url);
    const version = visited.version || highestOf((await client.modelMetadata({ name })).versions);
    const key = `${name}:${version}`;
    const known = found.get(key);
    found.set(key, {
      name,
      version,
      isServersChoice: visited.version === '' && known?.isServersChoice !== false,
      depth: known?.depth ?? depth,
      stepsPerRequest: (known?.stepsPerRequest ?? 0) + visited.stepsPerRequest,
    });
    const config = await client.modelConfig({ name, version }).catch(() => undefined);
    for (const step of stepsOf(config)) await visit(within(step, visited));
  };
  const root = { name: search.modelName, because: '', depth: 0, stepsPerRequest: 1, path: [] };
  for (const step of stepsOf(search.config)) await visit(within(step, root));
  for (const model of search.called) {
    const because = 'of --bls-composing-models';
    await visit({ ...model, because, depth: 1, stepsPerRequest: 0, path: [search.modelName] });
  }
  return [...found.values()];
}

const within = (step: NamedVersion, parent: Omit<Visit, 'version'>): Visit => ({
  ...step,
  because: `in '${parent.name}'`,
  depth: parent.depth + 1,
  stepsPerRequest: parent.stepsPerRequest,
  path: [...parent.path, parent.name],
});

/** Other servers may leave out what is empty, and write 64-bit integers as text. */
function stepsOf(config: ModelConfig | undefined): NamedVersion[] {
  return (config?.ensemble_scheduling?.step ?? []).map(({ model_name, model_version }) => {
    const version = Number(model_version ?? -1);
    return { name: model_name, version: version < 0 ? '' : String(version) };
  });
}

async function requireReady(client: V2Client, { name, version, because }: Visit, url: string): Promise<void> {
  if (await client.isModelReady({ name, version })) return;
  const what = version === '' ? `model '${name}'` : `version ${version} of model '${name}'`;
  throw new PerfError(
    'unreachable',
    `Cannot measure ${what} ${because}: expected it to be ready on ${url}, got ${await whatThereIs(client, name)}`,
  );
}

async function whatThereIs(client: V2Client, name: string): Promise<string> {
  const known = await client.repositoryIndex().catch((error) => messageOf(error));
  if (typeof known === 'string') return `no model of that kind (${known})`;
  const own = known.filter((row) => row.name === name);
  if (own.length === 0) return `a server that has ${[...new Set(known.map((row) => row.name))].join(', ')}`;
  return own
    .map(({ version = '', state = 'never loaded', reason }) =>
      [version === '' ? state : `version ${version} ${state}`, reason].filter(Boolean).join(': '),
    )
    .join(', ');
}
