import test, { type ExecutionContext } from 'ava';
import { type Datatype, datatypeFacts, isDatatype } from '../../src/protocol/datatype.js';
import { type InferInput, type InferRequest, noParameters, type RequestedOutput } from '../../src/protocol/infer.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import type { Refusal } from '../../src/server/refusal.js';
import { type ContractClient, RefusedError, type TensorForm } from './contract-client.js';
import { createInMemoryService, type InMemoryService } from './in-memory-service.js';
import { sampleTensor } from './sample-tensor.js';

type Connect = (service: InferenceService, log: (line: string) => void) => Promise<ContractClient>;

interface Case {
  readonly t: ExecutionContext;
  readonly client: ContractClient;
}

interface TitledCase {
  readonly title: string;
  readonly body: (context: Case) => Promise<void>;
}

/** A case that looks at what the in-memory service was given, or stages it. */
interface StagedCase {
  readonly title: string;
  readonly body: (context: Case & { readonly service: InMemoryService }) => Promise<void>;
}

/** Declares the cases that every way to reach an `InferenceService` must pass, with the in-memory service behind it. */
export function inferenceServiceContract(transport: string, connect: Connect): void {
  for (const { title, body } of [...controlCases, ...inferCases([]), ...errorCases, survivalCase]) {
    test(`${transport} ${title}`, async (t) => {
      const service = createInMemoryService();
      await using client = await connect(service, (line) => t.log(line));
      await body({ t, client, service });
    });
  }
}

/** A service that has `simple`, and `identity_<datatype>` for every datatype but those it lacks. */
export interface ServiceUnderContract {
  readonly open: () => Promise<InferenceService & AsyncDisposable>;
  readonly lacks: readonly Datatype[];
}

/** Declares the cases about inference for any other service, by every way to reach it; it is opened once for all of them. */
export function inferenceContract(
  transports: Readonly<Record<string, Connect>>,
  { open, lacks }: ServiceUnderContract,
): void {
  let opened: ReturnType<typeof open> | undefined;
  for (const [transport, connect] of Object.entries(transports)) {
    for (const { title, body } of [...inferCases(lacks), ...errorCases]) {
      test(`${transport} ${title}`, async (t) => {
        opened ??= open();
        await using client = await connect(await opened, (line) => t.log(line));
        await body({ t, client });
      });
    }
  }
  test.after.always(async () => (await opened)?.[Symbol.asyncDispose]());
}

const simple = { name: 'simple', version: '' };

const controlCases: readonly StagedCase[] = [
  {
    title: 'health follows the service',
    body: async ({ t, client, service }) => {
      t.deepEqual([await client.isLive(), await client.isReady()], [true, true]);
      service.health.ready = false;
      t.deepEqual([await client.isLive(), await client.isReady()], [true, false]);
      service.health.live = false;
      t.deepEqual([await client.isLive(), await client.isReady()], [false, false]);
    },
  },
  {
    title: 'model readiness with and without a version',
    body: async ({ t, client }) => {
      t.true(await client.isModelReady(simple));
      t.true(await client.isModelReady({ name: 'simple', version: '1' }));
      t.false(await client.isModelReady({ name: 'stuck', version: '' }));
      await refusedAs(t, client.isModelReady({ name: 'nobody', version: '' }), 'not-found', /unknown model: 'nobody'/);
    },
  },
  {
    title: 'metadata is what the service says',
    body: async ({ t, client, service }) => {
      t.deepEqual(await client.serverMetadata(), service.serverMetadata());
      t.deepEqual(await client.modelMetadata(simple), service.modelMetadata(simple));
      t.deepEqual(await client.modelMetadata({ name: 'simple', version: '1' }), service.modelMetadata(simple));
    },
  },
  {
    title: 'model configuration is what the service says, zero values included',
    body: async ({ t, client, service }) => {
      const config = await client.modelConfig(simple);
      t.deepEqual(config, service.modelConfig(simple));
      t.is(config.max_batch_size, 8);
      t.is(config.dynamic_batching?.preserve_ordering, false);
      t.is(config.input[0]?.data_type, 'TYPE_INT32');
    },
  },
  {
    title: 'statistics of one model and of all are what the service says',
    body: async ({ t, client, service }) => {
      await client.infer(addSubRequest(3), formOf(client));
      const [one] = await client.statistics(simple);
      t.deepEqual([one], [...service.statistics(simple)]);
      t.is(one?.inference_count, 3);
      t.is(one?.execution_count, 1);
      const everything = { name: '', version: '' };
      t.deepEqual(await client.statistics(everything), service.statistics(everything));
    },
  },
  {
    title: 'repository index lists what is not loaded unless only ready ones are asked for',
    body: async ({ t, client, service }) => {
      for (const readyOnly of [true, false]) {
        t.deepEqual(await client.repositoryIndex({ readyOnly }), await service.repositoryIndex({ readyOnly }));
      }
      t.deepEqual((await client.repositoryIndex({ readyOnly: false })).at(-1), { name: 'asleep' });
    },
  },
  {
    title: 'load hands over text and file content, unload its option',
    body: async ({ t, client, service }) => {
      const content = Uint8Array.of(0, 255, 128, 7);
      const parameters = new Map<string, string | Uint8Array>([
        ['config', '{"max_batch_size": 2}'],
        ['file:1/model.onnx', content],
      ]);
      await refusedAs(
        t,
        client.infer({ ...addSubRequest(1), modelName: 'asleep' }, formOf(client)),
        'not-found',
        /no available versions/,
      );
      await client.loadModel('asleep', parameters);
      t.true(await client.isModelReady({ name: 'asleep', version: '' }));
      const seen = service.loads[0]?.parameters;
      t.is(seen?.get('config'), '{"max_batch_size": 2}');
      t.deepEqual(new Uint8Array(seen?.get('file:1/model.onnx') as Uint8Array), content);
      await client.unloadModel('asleep', { unloadDependents: true });
      await client.unloadModel('simple', { unloadDependents: false });
      t.deepEqual(service.unloads, [
        { name: 'asleep', unloadDependents: true },
        { name: 'simple', unloadDependents: false },
      ]);
      await refusedAs(t, client.isModelReady(simple), 'not-found', /no available versions/);
    },
  },
  {
    title: 'load of an unknown model fails with the text of the service',
    body: async ({ t, client }) => {
      await refusedAs(t, client.loadModel('nobody', new Map()), 'internal', /^failed to load 'nobody'/);
    },
  },
];

const inferCases = (lacks: readonly Datatype[]): readonly TitledCase[] => [
  {
    title: 'infer sums and subtracts at batch 1 and 8',
    body: async ({ t, client }) => {
      for (const form of client.forms) {
        for (const batch of [1, 8]) {
          const response = await client.infer(addSubRequest(batch), form);
          t.deepEqual(
            response.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
            ['OUTPUT0', 'OUTPUT1'].map((name) => ({ name, datatype: 'INT32', shape: [batch, 16] })),
          );
          const [sum, difference] = response.outputs.map(({ data }) => int32(data));
          t.deepEqual(
            sum,
            Array.from({ length: batch * 16 }, (_, at) => at + (at % 7)),
            `${form} ${batch}`,
          );
          t.deepEqual(
            difference,
            Array.from({ length: batch * 16 }, (_, at) => at - (at % 7)),
          );
        }
      }
    },
  },
  {
    title: 'infer echoes the id and names model and version',
    body: async ({ t, client }) => {
      for (const id of ['', 'request-1', 'snowman ☃']) {
        const response = await client.infer({ ...addSubRequest(1), id }, formOf(client));
        t.deepEqual([response.id, response.modelName, response.modelVersion], [id, 'simple', '1']);
      }
    },
  },
  {
    title: 'infer gives only the outputs that were asked for',
    body: async ({ t, client }) => {
      for (const form of client.forms) {
        const response = await client.infer({ ...addSubRequest(1), outputs: [requested('OUTPUT1')] }, form);
        t.deepEqual(
          response.outputs.map(({ name }) => name),
          ['OUTPUT1'],
        );
      }
    },
  },
  ...Object.keys(datatypeFacts)
    .filter(isDatatype)
    .filter((datatype) => !lacks.includes(datatype))
    .map(identityCase),
  {
    title: 'infer carries zero elements and 8 MB',
    body: async ({ t, client }) => {
      for (const size of [0, 2_000_000]) {
        const data = new Uint8Array(new Float32Array(size).fill(1.5).buffer);
        const request = identityRequest('FP32', { shape: [size], data });
        const response = await client.infer(request, formOf(client));
        t.true(Buffer.from(data).equals(response.outputs[0]?.data ?? new Uint8Array(1)));
      }
    },
  },
];

function identityCase(datatype: Datatype): TitledCase {
  return {
    title: `infer carries ${datatype} in every form that has it`,
    body: async ({ t, client }) => {
      const tensor = sampleTensor(datatype);
      const request = identityRequest(datatype, tensor);
      for (const form of client.forms) {
        if (datatypeFacts[datatype].contents === undefined && (form === 'json' || form === 'typed')) continue;
        const output = (await client.infer(request, form)).outputs[0];
        t.deepEqual([output?.name, output?.datatype, output?.shape], ['OUTPUT0', datatype, tensor.shape], form);
        t.deepEqual(Buffer.from(output?.data ?? []), Buffer.from(tensor.data), form);
      }
    },
  };
}

const errorCases: readonly TitledCase[] = [
  refusal(
    'an unknown model',
    { modelName: 'nobody' },
    'not-found',
    /^Request for unknown model: 'nobody' is not found/,
  ),
  refusal('an unknown version', { modelVersion: '9' }, 'not-found', /'simple' version 9 is not found/),
  refusal(
    'an unknown input',
    { inputs: [int32Input('INPUT0', 1), int32Input('X', 1)] },
    'invalid-argument',
    /unexpected inference input 'X'/,
  ),
  refusal('a missing input', { inputs: [int32Input('INPUT0', 1)] }, 'invalid-argument', /expected 2 inputs but got 1/),
  refusal('an unknown output', { outputs: [requested('X')] }, 'invalid-argument', /unexpected inference output 'X'/),
  refusal(
    'a batch that is too large',
    { ...withInputs(9) },
    'invalid-argument',
    /batch-size must be <= 8 for 'simple'/,
  ),
  refusal(
    'a wrong datatype',
    { inputs: [{ ...int32Input('INPUT0', 1), datatype: 'UINT32' }, int32Input('INPUT1', 1)] },
    'invalid-argument',
    /input 'INPUT0' data-type is 'UINT32', but model 'simple' expects 'INT32'/,
  ),
  refusal(
    'a wrong shape, with the id of the request',
    { id: 'seven', inputs: [{ ...int32Input('INPUT0', 1), shape: [1, 4, 4] }, int32Input('INPUT1', 1)] },
    'invalid-argument',
    /^\[request id: seven\] unexpected shape for input 'INPUT0'.*Expected \[-1,16\], got \[1,4,4\]/,
  ),
];

const survivalCase: TitledCase = {
  title: 'infer survives a bug of the service',
  body: async ({ t, client }) => {
    const request = { ...identityRequest('FP32', sampleTensor('FP32')), modelName: 'broken' };
    await refusedAs(t, client.infer(request, formOf(client)), 'internal', /^internal error: cannot read properties/);
    t.is((await client.infer(addSubRequest(1), formOf(client))).outputs.length, 2);
  },
};

function refusal(what: string, change: Partial<InferRequest>, reason: Refusal, message: RegExp): TitledCase {
  return {
    title: `infer refuses ${what}`,
    body: async ({ t, client }) => {
      for (const form of client.forms) {
        await refusedAs(t, client.infer({ ...addSubRequest(1), ...change }, form), reason, message);
      }
    },
  };
}

async function refusedAs(t: ExecutionContext, answer: Promise<unknown>, reason: Refusal, message: RegExp) {
  const error = await t.throwsAsync(answer, { instanceOf: RefusedError });
  t.true(error.reasons.includes(reason), `${error.reasons} for ${error.message}`);
  t.regex(error.message, message);
}

const formOf = ({ forms: [form = 'memory'] }: ContractClient): TensorForm => form;

function requested(name: string): RequestedOutput {
  return { name, parameters: noParameters };
}

function addSubRequest(batch: number): InferRequest {
  return { modelName: 'simple', modelVersion: '', id: '', parameters: noParameters, outputs: [], ...withInputs(batch) };
}

function withInputs(batch: number): { readonly inputs: readonly InferInput[] } {
  return { inputs: [int32Input('INPUT0', batch), int32Input('INPUT1', batch, 7)] };
}

/** Counts up; modulo `period`. */
function int32Input(name: string, batch: number, period = 1_000): InferInput {
  const data = new Uint8Array(Int32Array.from({ length: batch * 16 }, (_, at) => at % period).buffer);
  return { name, datatype: 'INT32', shape: [batch, 16], data, parameters: noParameters };
}

function identityRequest(datatype: Datatype, tensor: { readonly shape: readonly number[]; readonly data: Uint8Array }) {
  return {
    modelName: `identity_${datatype.toLowerCase()}`,
    modelVersion: '1',
    id: '',
    parameters: noParameters,
    inputs: [{ name: 'INPUT0', datatype, parameters: noParameters, ...tensor }],
    outputs: [],
  };
}

function int32(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.byteLength / 4 }, (_, at) => view.getInt32(at * 4, true));
}
