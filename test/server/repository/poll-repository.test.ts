import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { type LiveService, liveService, oneInstance, simpleModel, simpleRequest } from '../live-service.js';
import { addSubOnnx } from '../tiny-onnx.js';

const polling = (files: Parameters<typeof liveService>[0]) =>
  liveService(files, { modelControlMode: 'poll', repositoryPollMs: 20 });

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(5);
}

const versionsOf = ({ service }: LiveService): readonly string[] => {
  try {
    return service.modelMetadata({ name: 'simple', version: '' }).versions;
  } catch {
    return [];
  }
};

test('pollRepository loads what is new and unloads what is gone', async (t) => {
  await using live = await polling({});
  t.deepEqual(versionsOf(live), []);
  for (const [file, content] of Object.entries(simpleModel())) await live.repository.write(file, content);
  await until(() => versionsOf(live).length > 0);
  t.is((await live.service.infer(simpleRequest(1))).modelVersion, '1');
  await live.repository.remove('simple');
  await until(() => versionsOf(live).length === 0);
  await until(async () => (await live.service.repositoryIndex({ readyOnly: false }))[0]?.reason === 'unloaded');
  t.true(live.service.isReady());
});

test('pollRepository loads again what changed, and no request fails meanwhile', async (t) => {
  await using live = await polling(simpleModel());
  const answeredBy = new Set<string>();
  let failures = 0;
  const loading = new AbortController();
  const load = (async () => {
    while (!loading.signal.aborted) {
      await live.service.infer(simpleRequest(1)).then(
        ({ modelVersion }) => answeredBy.add(modelVersion),
        () => failures++,
      );
    }
  })();
  await live.repository.write('simple/2/model.onnx', addSubOnnx());
  await until(() => answeredBy.has('2'));
  loading.abort();
  await load;
  t.deepEqual([...answeredBy], ['1', '2']);
  t.is(failures, 0);
});

test('pollRepository keeps what serves when the new files are broken, tells it once, and goes on', async (t) => {
  await using live = await polling(simpleModel());
  await live.repository.write('simple/config.pbtxt', 'max_batch_size: -1');
  await until(() => live.lines.length > 0);
  await setTimeout(100); // some more looks at the same files
  t.deepEqual(live.lines.length, 1);
  t.regex(live.lines[0] ?? '', /^error: Cannot load model 'simple': 'max_batch_size' must be non-negative/);
  t.is((await live.service.infer(simpleRequest(1))).modelVersion, '1');
  const [stale] = await live.service.repositoryIndex({ readyOnly: true });
  t.is(stale?.state, 'READY');
  t.regex(stale?.reason ?? '', /^Cannot load model 'simple': 'max_batch_size' must be non-negative/);
  await live.repository.write('simple/config.pbtxt', oneInstance('max_batch_size: 5'));
  await until(() => live.service.modelConfig({ name: 'simple', version: '' }).max_batch_size === 5);
  await until(async () => (await live.service.repositoryIndex({ readyOnly: true }))[0]?.reason === undefined);
  t.is(live.lines.length, 1);
});

test('the load API is refused while files are followed', async (t) => {
  await using live = await polling(simpleModel());
  await t.throwsAsync(live.service.loadModel('simple', new Map()), {
    message: 'explicit model load / unload is not allowed if polling is enabled',
  });
});
