import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import test from 'ava';
import { messageType } from '../../src/protocol/schema.js';
import type { ServiceOptions } from '../../src/server/create-service.js';
import { startServer } from '../../src/server/start-server.js';
import { liveService, simpleModel, simpleRequest } from './live-service.js';
import { testRepository } from './model-folder.js';

async function setUp(changes: Partial<ServiceOptions> = {}) {
  const live = await liveService(simpleModel(), changes);
  const server = await startServer(live.service, { httpPort: 0, grpcPort: 0, metricsPort: 0, log: () => undefined });
  const client = new Client(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  const http = async (path: string, body?: object) => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const reply = await fetch(`http://127.0.0.1:${server.ports.http}${path}`, init);
    return { status: reply.status, body: JSON.parse(await reply.text()) };
  };
  const grpc = (rpc: string, request: object) =>
    new Promise<unknown>((resolve) => {
      const type = messageType(`inference.${rpc}Request`);
      const answer = messageType(`inference.${rpc}Response`);
      const asIs = (bytes: Buffer) => bytes;
      const bytes = Buffer.from(type.encode(type.fromObject(request)).finish());
      client.makeUnaryRequest(`/inference.GRPCInferenceService/${rpc}`, asIs, asIs, bytes, (error, reply) =>
        resolve(
          error === null ? answer.toObject(answer.decode(reply ?? Buffer.alloc(0))) : `${error.code} ${error.details}`,
        ),
      );
    });
  return {
    ...live,
    http,
    grpc,
    async [Symbol.asyncDispose]() {
      client.close();
      await server[Symbol.asyncDispose]();
      await live[Symbol.asyncDispose]();
    },
  };
}

test('log settings over HTTP and gRPC are the same, and take effect', async (t) => {
  await using opened = await setUp();
  const defaults = {
    ...{ log_file: '', log_info: true, log_warning: true, log_error: true },
    ...{ log_verbose_level: 0, log_format: 'default' },
  };
  t.deepEqual(await opened.http('/v2/logging'), { status: 200, body: defaults });
  const changed = { ...defaults, log_verbose_level: 1, log_info: false };
  const posted = await opened.http('/v2/logging', { log_verbose_level: 1, log_info: false, log_nothing: 1 });
  t.deepEqual(posted, { status: 200, body: changed });
  await opened.service.infer(simpleRequest(1, 1, { id: 'x' }));
  await t.throwsAsync(opened.service.infer({ ...simpleRequest(1), inputs: [] }));
  t.regex(opened.lines.at(-2) ?? '', /^inference of 'simple' version '', request 'x': ok, \d+\.\d{3} ms$/);
  t.regex(opened.lines.at(-1) ?? '', /^inference of 'simple' version '', request '': .*expected 2 inputs but got 0/);
  t.deepEqual(await opened.grpc('LogSettings', {}), {
    settings: {
      log_file: { string_param: '' },
      log_info: { bool_param: false },
      log_warning: { bool_param: true },
      log_error: { bool_param: true },
      log_verbose_level: { uint32_param: 1 },
      log_format: { string_param: 'default' },
    },
  });
  await opened.grpc('LogSettings', { settings: { log_format: { string_param: 'ISO8601' } } });
  t.is((await opened.http('/v2/logging')).body.log_format, 'ISO8601');
});

test('log settings that cannot be are refused, over HTTP as Triton does', async (t) => {
  await using opened = await setUp();
  const refusal = async (body: object) => {
    const reply = await opened.http('/v2/logging', body);
    return `${reply.status} ${reply.body.error}`;
  };
  t.is(await refusal({ log_file: 'x' }), '501 log file location can not be updated through network protocol');
  t.regex(await refusal({ log_info: 1 }), /^400 log setting 'log_info' must be a boolean, got 1$/);
  t.regex(await refusal({ log_format: 'xml' }), /^503 .*'log_format' must be one of default, ISO8601/);
  const format = { settings: { log_format: { string_param: 'xml' } } };
  t.regex(String(await opened.grpc('LogSettings', format)), /^3 .*'log_format' must be one of default, ISO8601/);
});

test('trace settings over HTTP and gRPC are the same: set, cleared, and those of a model', async (t) => {
  await using opened = await setUp();
  const defaults = {
    ...{ trace_level: ['OFF'], trace_rate: '1000', trace_count: '-1' },
    ...{ log_frequency: '0', trace_file: '', trace_mode: 'triton' },
  };
  t.deepEqual(await opened.http('/v2/trace/setting'), { status: 200, body: defaults });
  const set = await opened.http('/v2/models/simple/trace/setting', { trace_rate: 5, log_frequency: ['2'] });
  t.deepEqual(set, { status: 200, body: { ...defaults, trace_rate: '5', log_frequency: '2' } });
  t.deepEqual((await opened.http('/v2/trace/setting')).body, defaults);
  const cleared = { model_name: 'simple', settings: { trace_rate: { value: [] } } };
  t.deepEqual(await opened.grpc('TraceSetting', cleared), {
    settings: {
      trace_level: { value: ['OFF'] },
      trace_rate: { value: ['1000'] },
      trace_count: { value: ['-1'] },
      log_frequency: { value: ['2'] },
      trace_file: { value: [''] },
      trace_mode: { value: ['triton'] },
    },
  });
  t.deepEqual((await opened.http('/v2/models/simple/trace/setting', { log_frequency: null })).body, defaults);
});

test('trace settings that cannot be are refused', async (t) => {
  await using opened = await setUp();
  const refusal = async (path: string, body?: object) => {
    const reply = await opened.http(path, body);
    return `${reply.status} ${reply.body.error}`;
  };
  t.is(await refusal('/v2/models/nope/trace/setting'), "404 Request for unknown model: 'nope' is not found");
  t.regex(await refusal('/v2/trace/setting', { trace_file: 'x' }), /^501 'trace_file' can not be updated/);
  t.is(await refusal('/v2/trace/setting', { trace_speed: '1' }), "400 unknown trace setting 'trace_speed'");
  t.regex(await refusal('/v2/trace/setting', { trace_rate: true }), /^400 trace setting 'trace_rate' must be a string/);
  t.regex(await refusal('/v2/trace/setting', { trace_count: '-2' }), /^400 .*'trace_count' must be an integer from -1/);
  const unknown = await opened.grpc('TraceSetting', { model_name: 'nope' });
  t.is(unknown, "5 Request for unknown model: 'nope' is not found");
});

test('a traced request is in the file, with times that follow each other', async (t) => {
  await using place = await testRepository();
  const trace_file = join(place.path, 'trace.json');
  const opened = await setUp({ traceSettings: { trace_file, trace_rate: '1' } });
  await opened.http('/v2/trace/setting', { trace_level: ['TIMESTAMPS'] });
  await opened.service.infer(simpleRequest(1));
  await opened[Symbol.asyncDispose]();
  const [head, { timestamps }] = JSON.parse(await readFile(trace_file, 'utf8'));
  t.deepEqual(head, { id: 1, model_name: 'simple', model_version: 1 });
  const times: number[] = timestamps.map(({ ns }: { ns: number }) => ns);
  t.is(times.length, 7);
  t.deepEqual(
    times,
    times.toSorted((left, right) => left - right),
  );
});
