import test from 'ava';
import { findComposing } from '../../src/cli/find-composing.js';
import { createHttpClient } from '../../src/client/http-client.js';
import type { ModelConfig } from '../../src/protocol/model-config.js';
import { startServer } from '../../src/server/start-server.js';
import { doubling, ensembleFiles, ensembleText } from '../server/backends/ensemble/ensemble-models.js';
import { liveService, oneInstance, simpleModel } from '../server/live-service.js';
import { addSubOnnx } from '../server/tiny-onnx.js';

/** Runs `doubling` twice and `simple` once by itself. */
const outer = ensembleText({
  inputs: doubling.inputs,
  outputs: { FOUR_A: undefined, SUM: undefined },
  steps: [
    { model: 'doubling', in: { A: 'A', B: 'B' }, out: { TWICE_A: 'X', TWICE_B: 'Y' } },
    { model: 'doubling', version: 1, in: { A: 'X', B: 'Y' }, out: { TWICE_A: 'FOUR_A', TWICE_B: 'Z' } },
    { model: 'simple', in: { INPUT0: 'Z', INPUT1: 'Y' }, out: { OUTPUT0: 'SUM' } },
  ],
});

const files = {
  ...simpleModel(),
  'alone/1/model.onnx': addSubOnnx(),
  'alone/2/model.onnx': addSubOnnx(),
  'alone/config.pbtxt': oneInstance('version_policy { all { } }'),
  ...ensembleFiles('doubling', ensembleText(doubling)),
  ...ensembleFiles('outer', outer),
};

async function find(modelName: string, called: readonly { readonly name: string; readonly version: string }[] = []) {
  await using live = await liveService(files);
  const log = () => undefined;
  await using server = await startServer(live.service, { httpPort: 0, allowGrpc: false, allowMetrics: false, log });
  await using client = createHttpClient({ origin: `http://127.0.0.1:${server.ports.http}` });
  const config = await client.modelConfig({ name: modelName });
  return await findComposing(client, { config, modelName, called, url: 'URL' });
}

test('findComposing lists the models of an ensemble at any depth, with how often a request runs them', async (t) => {
  t.deepEqual(await find('outer'), [
    { name: 'doubling', version: '1', isServersChoice: false, depth: 1, stepsPerRequest: 2 },
    { name: 'simple', version: '1', isServersChoice: true, depth: 2, stepsPerRequest: 5 },
  ]);
  t.deepEqual(await find('simple'), []);
});

test('findComposing adds the models that are called, and what those are made of', async (t) => {
  t.deepEqual(await find('doubling', [{ name: 'simple', version: '1' }]), [
    { name: 'simple', version: '1', isServersChoice: false, depth: 1, stepsPerRequest: 2 },
  ]);
  t.deepEqual(await find('simple', [{ name: 'alone', version: '' }]), [
    { name: 'alone', version: '2', isServersChoice: true, depth: 1, stepsPerRequest: 0 },
  ]);
});

test('findComposing refuses a model within itself', async (t) => {
  await t.throwsAsync(find('simple', [{ name: 'doubling', version: '1' }]), {
    message: "Cannot measure 'simple': expected no model within itself, got simple -> doubling -> simple",
  });
});

test('findComposing refuses a model or a version that is not there', async (t) => {
  await t.throwsAsync(find('simple', [{ name: 'ghost', version: '' }]), {
    message:
      "Cannot measure model 'ghost' of --bls-composing-models: expected it to be ready on URL, got a server that has " +
      'alone, doubling, outer, simple',
  });
  await t.throwsAsync(find('doubling', [{ name: 'simple', version: '7' }]), {
    message:
      "Cannot measure version 7 of model 'simple' of --bls-composing-models: expected it to be ready on URL, got " +
      'version 1 READY',
  });
});

test('findComposing reads a configuration that leaves out what is empty', async (t) => {
  const config = {
    ensemble_scheduling: { step: [{ model_name: 'a', model_version: '-1' }] },
  } as unknown as ModelConfig;
  const client = {
    isModelReady: async () => true,
    modelMetadata: async () => ({ versions: ['1', '12', '3'] }),
    modelConfig: async () => ({}),
  } as never;
  t.deepEqual(await findComposing(client, { config, modelName: 'e', called: [], url: '' }), [
    { name: 'a', version: '12', isServersChoice: true, depth: 1, stepsPerRequest: 1 },
  ]);
});
