import { Pool } from 'undici';
import { decodeInferResponse, encodeInferRequest, headerLengthField } from '../../src/protocol/http-infer.js';
import { httpStatus } from '../../src/server/http/answer.js';
import type { InferenceService, LoadParameter, ModelReference } from '../../src/server/inference-service.js';
import type { Refusal } from '../../src/server/refusal.js';
import { startServer } from '../../src/server/start-server.js';
import { type ContractClient, RefusedError } from './contract-client.js';

/** Serves a service over HTTP on a free port and talks to it with `undici`. */
export async function connectOverHttp(service: InferenceService, log: (line: string) => void): Promise<ContractClient> {
  const server = await startServer(service, { httpPort: 0, allowGrpc: false, allowMetrics: false, log });
  const pool = new Pool(`http://127.0.0.1:${server.ports.http}`);

  const call = async (method: 'GET' | 'POST', path: string, body: Buffer | string = '', headers = {}) => {
    const reply = await pool.request({ method, path, body: body === '' ? null : body, headers });
    const bytes = Buffer.from(await reply.body.arrayBuffer());
    if (reply.statusCode !== 200) throw refused(reply.statusCode, bytes);
    return { bytes, headerLength: reply.headers[headerLengthField] };
  };
  const get = async (path: string) => JSON.parse((await call('GET', path)).bytes.toString());
  const answers = async (path: string) => {
    const reply = await pool.request({ method: 'GET', path });
    const bytes = Buffer.from(await reply.body.arrayBuffer());
    if (reply.statusCode !== 200 && reply.statusCode !== 400) throw refused(reply.statusCode, bytes);
    return reply.statusCode === 200;
  };

  return {
    forms: ['json', 'binary'],
    isLive: () => answers('/v2/health/live'),
    isReady: () => answers('/v2/health/ready'),
    isModelReady: (model) => answers(`${pathOf(model)}/ready`),
    serverMetadata: () => get('/v2'),
    modelMetadata: (model) => get(pathOf(model)),
    modelConfig: (model) => get(`${pathOf(model)}/config`),
    statistics: async (model) => (await get(`${model.name === '' ? '/v2/models' : pathOf(model)}/stats`)).model_stats,
    repositoryIndex: async ({ readyOnly }) => {
      const body = JSON.stringify({ ready: readyOnly });
      return JSON.parse((await call('POST', '/v2/repository/index', body)).bytes.toString());
    },
    loadModel: async (name, parameters) => {
      const body = JSON.stringify({ parameters: Object.fromEntries([...parameters].map(jsonParameter)) });
      await call('POST', `/v2/repository/models/${name}/load`, body);
    },
    unloadModel: async (name, { unloadDependents }) => {
      const body = JSON.stringify({ parameters: { unload_dependents: unloadDependents } });
      await call('POST', `/v2/repository/models/${name}/unload`, body);
    },
    infer: async (request, form) => {
      const format = form === 'json' ? 'json' : 'binary';
      const { body, headerLength } = encodeInferRequest(request, { inputs: format, outputs: format });
      const path = `${pathOf({ name: request.modelName, version: request.modelVersion })}/infer`;
      const headers = headerLength === undefined ? {} : { [headerLengthField]: String(headerLength) };
      const reply = await call('POST', path, body, headers);
      return decodeInferResponse({
        body: reply.bytes,
        headerLength: reply.headerLength === undefined ? undefined : Number(reply.headerLength),
      });
    },
    [Symbol.asyncDispose]: async () => {
      await pool.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const pathOf = ({ name, version }: ModelReference): string =>
  `/v2/models/${name}${version === '' ? '' : `/versions/${version}`}`;

const jsonParameter = ([key, value]: readonly [string, LoadParameter]) => [
  key,
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
];

function refused(status: number, body: Buffer): RefusedError {
  const reasons = (Object.keys(httpStatus) as Refusal[]).filter((reason) => httpStatus[reason] === status);
  return new RefusedError(reasons, JSON.parse(body.toString()).error);
}
