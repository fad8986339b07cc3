import { Agent, request as send } from 'undici';
import { messageOf } from '../core/perf-error.js';
import { decodeInferResponse, encodeInferRequest, headerLengthField } from '../protocol/http-infer.js';
import { type InferRequest, type InferResponse, sharedOutputs } from '../protocol/infer.js';
import type { ModelIndexEntry } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';
import type { ModelStatistics } from '../protocol/statistics.js';
import type { ConnectionOptions } from './connection.js';
import { modelMetadataFrom, serverMetadataFrom } from './metadata-json.js';
import { nodeTlsOptions } from './tls.js';
import { type ModelVersion, type V2Client, V2Error } from './v2-client.js';

export interface HttpClientOptions extends ConnectionOptions {
  /** Origin, e.g. `http://localhost:8000`. */
  readonly origin: string;
  /** Limit for connecting and for each answer of the control plane, but for loading a model. */
  readonly timeoutMs?: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

type Body = { readonly bytes: Buffer | string; readonly headers?: Record<string, string> };

/** A v2 client over HTTP/REST. */
export function createHttpClient({ origin, tls, headers = [], timeoutMs = 10_000 }: HttpClientOptions): V2Client {
  const connect = { timeout: timeoutMs, ...(tls && nodeTlsOptions(tls)) };
  const agent = new Agent({ connect, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const patientAgent = new Agent({ connect, headersTimeout: 0, bodyTimeout: 0 });

  async function exchange(path: string, body?: Body, dispatcher = agent): Promise<Answer> {
    try {
      const answer = await send(`${origin}${path}`, {
        dispatcher,
        method: body === undefined ? 'GET' : 'POST',
        headers: [...Object.entries(body?.headers ?? {}), ...headers].flat(),
        ...(body === undefined ? {} : { body: body.bytes }),
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: Buffer.from(await answer.body.arrayBuffer()),
      };
    } catch (cause) {
      throw new V2Error('connect', `no answer from ${origin}: ${reasonOf(cause)}`, { cause });
    }
  }

  async function ok(path: string, body?: Body, dispatcher = agent): Promise<Answer> {
    const answer = await exchange(path, body, dispatcher);
    if (answer.status !== 200) throw new V2Error(`http ${answer.status}`, errorText(answer));
    return answer;
  }

  const json = async <T>(path: string, body?: Body): Promise<T> => {
    const answer = await ok(path, body);
    try {
      return JSON.parse(answer.body.toString('utf8')) as T;
    } catch (cause) {
      throw new V2Error(`http ${answer.status}`, `${path} of ${origin} is not JSON: ${messageOf(cause)}`, { cause });
    }
  };

  const answers200 = async (path: string): Promise<boolean> => {
    try {
      return (await exchange(path)).status === 200;
    } catch {
      return false;
    }
  };

  return {
    isLive: () => answers200('/v2/health/live'),
    isReady: () => answers200('/v2/health/ready'),
    isModelReady: (model) => answers200(`${modelPath(model)}/ready`),
    serverMetadata: async () => serverMetadataFrom(await json('/v2')),
    modelMetadata: async (model) => modelMetadataFrom(await json(modelPath(model)), model.name),
    modelConfig: (model) => json<ModelConfig>(`${modelPath(model)}/config`),
    statistics: async (model) =>
      (await json<{ model_stats: ModelStatistics[] }>(`${modelPath(model)}/stats`)).model_stats,
    repositoryIndex: () => json<ModelIndexEntry[]>('/v2/repository/index', { bytes: '' }),
    loadModel: async (name, config, files = new Map()) => {
      const contents = [...files].map(([path, content]) => [`file:${path}`, Buffer.from(content).toString('base64')]);
      const parameters = { config: JSON.stringify(config), ...Object.fromEntries(contents) };
      const bytes = config === undefined ? '' : JSON.stringify({ parameters });
      await ok(`/v2/repository/models/${encodeURIComponent(name)}/load`, { bytes }, patientAgent);
    },
    unloadModel: async (name) => {
      await ok(`/v2/repository/models/${encodeURIComponent(name)}/unload`, { bytes: '' }, patientAgent);
    },
    registerSystemSharedMemory: async ({ name, key, byteSize }) => {
      const bytes = JSON.stringify({ key, offset: 0, byte_size: byteSize });
      await ok(`/v2/systemsharedmemory/region/${name}/register`, { bytes });
    },
    unregisterSystemSharedMemory: async (name) => {
      await ok(`/v2/systemsharedmemory/region/${name}/unregister`, { bytes: '' });
    },
    traceSettings: async () =>
      Object.fromEntries(
        Object.entries(await json<Record<string, string | string[]>>(tracePath)).map(([name, value]) => [
          name,
          [value].flat(),
        ]),
      ),
    updateTraceSettings: async (settings) => {
      const members = Object.entries(settings).map(([name, values]) => [name, traceValue(name, values)]);
      await ok(tracePath, { bytes: JSON.stringify(Object.fromEntries(members)) });
    },
    infer: async (request) => infer(request, (path, body) => ok(path, body, patientAgent)),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([agent.destroy(), patientAgent.destroy()]);
    },
  };
}

const tracePath = '/v2/trace/setting';

/** Only the levels are a list (trace extension); null stands for the server's default. */
function traceValue(name: string, values: readonly string[]): readonly string[] | string | null {
  if (values.length === 0) return null;
  return name === 'trace_level' ? values : (values[0] ?? null);
}

async function infer(request: InferRequest, ok: (path: string, body: Body) => Promise<Answer>): Promise<InferResponse> {
  const { body, headerLength } = encodeInferRequest(request);
  const headers = headerLength === undefined ? {} : { [headerLengthField]: String(headerLength) };
  const answer = await ok(`${modelPath({ name: request.modelName, version: request.modelVersion })}/infer`, {
    bytes: body,
    headers,
  });
  const length = answer.headers[headerLengthField];
  return decodeInferResponse(
    { body: answer.body, headerLength: length === undefined ? undefined : Number(length) },
    sharedOutputs(request),
  );
}

const modelPath = ({ name, version = '' }: ModelVersion): string =>
  `/v2/models/${encodeURIComponent(name)}${version === '' ? '' : `/versions/${encodeURIComponent(version)}`}`;

function errorText({ status, body }: Answer): string {
  const text = body.toString('utf8');
  try {
    const error = (JSON.parse(text) as { error?: unknown } | null)?.error;
    if (typeof error === 'string') return error;
  } catch {
    // Not JSON: the text itself is all there is.
  }
  return text.trim() === '' ? `HTTP status ${status}` : `HTTP status ${status}: ${text.trim().slice(0, 500)}`;
}

/** undici wraps the errors of several addresses into one without a message. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join(', ');
  return messageOf(cause);
}
