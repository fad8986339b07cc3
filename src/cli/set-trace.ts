import type { V2Client } from '../client/v2-client.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { RunSettings, TraceSettings } from '../core/run-settings.js';
import type { OpenServers } from './open-servers.js';

interface TraceServer {
  readonly client: V2Client;
  readonly extensions: readonly string[];
  /** Gets what went wrong when the old settings could not be put back. */
  readonly say: (line: string) => void;
}

/**
 * Sets the server's trace settings, and puts back what they were when it is disposed of.
 *
 * @throws PerfError `usage` when the server has no trace extension, `unreachable` when it refuses the settings
 */
async function setTrace({ trace }: RunSettings, server: TraceServer): Promise<AsyncDisposable | undefined> {
  if (trace === undefined) return undefined;
  const { client, extensions, say } = server;
  if (!extensions.includes('trace')) {
    const list = extensions.length === 0 ? 'none' : extensions.join(', ');
    throw new PerfError('usage', `Cannot set a trace: expected a server with the extension trace, got ${list}`);
  }
  const before = await tried(async () => {
    const present = await client.traceSettings();
    await client.updateTraceSettings(trace);
    return present;
  });
  const changed = Object.fromEntries(Object.keys(trace).map((name) => [name, before[name] ?? []]));
  return {
    [Symbol.asyncDispose]: () =>
      client.updateTraceSettings(changed).catch((cause: unknown) => {
        say(`Note: the server's trace settings could not be put back: ${messageOf(cause)}`);
      }),
  };
}

/**
 * The same on each of several servers.
 *
 * @throws PerfError as `setTrace`; what was set is put back then
 */
export async function setTraces(
  settings: RunSettings,
  { all }: OpenServers,
  say: TraceServer['say'],
): Promise<AsyncDisposable> {
  const traces: (AsyncDisposable | undefined)[] = [];
  const putBack = async () => {
    for (const trace of traces) await trace?.[Symbol.asyncDispose]();
  };
  try {
    for (const { client, models } of all) {
      const extensions = models[0]?.server.extensions ?? [];
      traces.push(await setTrace(settings, { client, extensions, say }));
    }
    return { [Symbol.asyncDispose]: putBack };
  } catch (thrown) {
    await putBack();
    throw thrown;
  }
}

async function tried(set: () => Promise<TraceSettings>): Promise<TraceSettings> {
  try {
    return await set();
  } catch (cause) {
    throw new PerfError('unreachable', `Cannot set a trace: ${messageOf(cause)}`, { cause });
  }
}
