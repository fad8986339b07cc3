import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkAnswers } from '../../analyzer/answers/check-answers.js';
import { modelSignature } from '../../analyzer/data/model-signature.js';
import { prepareRequests } from '../../analyzer/data/prepare-requests.js';
import type { PreparedRequest } from '../../analyzer/data/step.js';
import { http1Transport } from '../../analyzer/wire/http1/http1-transport.js';
import { http2Transport } from '../../analyzer/wire/http2/http2-transport.js';
import type { OpenTransport } from '../../analyzer/wire/transport.js';
import { systemClock } from '../../src/core/clock.js';
import type { Failure } from '../../src/core/failure.js';
import { type Datatype, datatypeFacts, isDatatype } from '../../src/protocol/datatype.js';
import { decodeModelInferResponse } from '../../src/protocol/grpc-infer.js';
import { decodeInferResponse } from '../../src/protocol/http-infer.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import { startServer } from '../../src/server/start-server.js';
import { createInMemoryService } from './in-memory-service.js';
import { lackingDatatypes, openOnnxService } from './onnx-models.js';

/** What a user writes; the second line is what differs from the first in the last place. */
const texts: Readonly<Record<Datatype, readonly [data: string, other: string]>> = {
  BOOL: ['[true, false, 1]', '[true, false, false]'],
  UINT8: ['[0, 255]', '[0, 254]'],
  UINT16: ['[0, 65535]', '[0, 65534]'],
  UINT32: ['[0, 4294967295]', '[0, 4294967294]'],
  UINT64: ['[18446744073709551615, "9007199254740993"]', '[18446744073709551614, "9007199254740993"]'],
  INT8: ['[-128, 127]', '[-128, 126]'],
  INT16: ['[-32768, 32767]', '[-32768, 32766]'],
  INT32: ['[-2147483648, 2147483647]', '[-2147483648, 2147483646]'],
  INT64: ['[-9223372036854775808, 9007199254740993]', '[-9223372036854775808, 9007199254740992]'],
  FP16: ['[1, -65504, 0.1, NaN, 6e-8]', '[1, -65504, 0.1001, NaN, 6e-8]'],
  BF16: ['[1, 0.2, 3.3e38]', '[1, 0.199, 3.3e38]'],
  FP32: ['[1, 0.1, 1e-45, Infinity, NaN]', '[1, 0.10000001, 1e-45, Infinity, NaN]'],
  FP64: ['[1, 0.1, 5e-324, 9007199254740993]', '[1, 0.1, 5e-324, 9007199254740994]'],
  BYTES: ['["", "snowman ☃", "\\"ab\\""]', '["", "snowman ☃", "\\"ac\\""]'],
};

const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-test-'));
const datatypes = Object.keys(datatypeFacts).filter(isDatatype);
const onnxService = openOnnxService(datatypes.filter((datatype) => !lackingDatatypes.includes(datatype)));
test.after.always(async () => {
  rmSync(folder, { recursive: true });
  await (await onnxService)[Symbol.asyncDispose]();
});

function prepared(service: InferenceService, datatype: Datatype, expected: string): PreparedRequest[] {
  const model = { name: `identity_${datatype.toLowerCase()}`, version: '' };
  const path = join(folder, `${datatype}-${Math.abs(expected.length)}.json`);
  const [data] = texts[datatype];
  writeFileSync(path, `{"data":[{"INPUT0":${data}}],"validation_data":[{"OUTPUT0":${expected}}]}`);
  const config = service.modelConfig(model);
  const signature = modelSignature(service.modelMetadata(model), { modelName: model.name, modelVersion: '', config });
  const tolerance = { absolute: 0, relative: 0 };
  const files = { source: 'files', paths: [path], generators: {}, stringLength: 1, tolerance } as const;
  return prepareRequests({ signature, batchSize: 1, data: files, shapes: {}, seed: 0 });
}

/** What becomes of one request over a transport whose answers are checked. */
async function outcome(open: OpenTransport, requests: readonly PreparedRequest[], protocol: 'http' | 'grpc') {
  let settle: (failure: Failure | undefined) => void = () => undefined;
  const failure = new Promise<Failure | undefined>((resolve) => {
    settle = resolve;
  });
  await using transport = checkAnswers(open, {
    prepared: requests,
    tolerance: { absolute: 0, relative: 0 },
    decode:
      protocol === 'http'
        ? (body, headerLength) => decodeInferResponse({ body, headerLength })
        : (body) => decodeModelInferResponse(body),
  })({ concurrency: 1, onReply: (_token, failed) => settle(failed) });
  transport.send(0, 0);
  return await failure;
}

async function roundTrip(service: InferenceService, datatype: Datatype) {
  const [data, other] = texts[datatype];
  await using server = await startServer(service, { httpPort: 0, grpcPort: 0, metricsPort: 0, log: () => undefined });
  const outcomes: (Failure | undefined)[] = [];
  for (const expected of [data, other]) {
    const requests = prepared(service, datatype, expected);
    const bare = requests.map(({ request }) => request);
    const http = http1Transport({
      origin: `http://127.0.0.1:${server.ports.http}`,
      requests: bare,
      clock: systemClock,
    });
    const grpc = http2Transport({ address: `127.0.0.1:${server.ports.grpc}`, requests: bare, clock: systemClock });
    outcomes.push(await outcome(http, requests, 'http'), await outcome(grpc, requests, 'grpc'));
  }
  return outcomes;
}

for (const datatype of datatypes) {
  test(`${datatype} of a data file comes back from the server as it was written, over HTTP and gRPC`, async (t) => {
    const service = lackingDatatypes.includes(datatype) ? createInMemoryService() : await onnxService;
    const [http, grpc, otherHttp, otherGrpc] = await roundTrip(service, datatype);
    t.is(http, undefined);
    t.is(grpc, undefined);
    t.is(otherHttp?.code, 'validation');
    t.regex(otherHttp?.message ?? '', /^output 'OUTPUT0', index \d: expected /);
    t.deepEqual(otherGrpc, otherHttp);
  });
}
