import { readFile } from 'node:fs/promises';
import test from 'ava';
import { packBytes, unpackBytes } from '../../src/protocol/tensor.js';
import { liveService, requestOf } from '../server/live-service.js';

const guide = new URL('../../../docs/javascript-models.md', import.meta.url); // seen from dist/test/docs

/** The files that a document shows: a line with the path, and a block below it. */
function filesIn(text: string): Record<string, string> {
  const blocks = text.matchAll(/^`models\/([^`]+)`:\n\n```\w+\n(.*?)^```$/gms);
  return Object.fromEntries([...blocks].map(([, path = '', content = '']) => [path, content]));
}

test('the model of docs/javascript-models.md answers, and takes its time', async (t) => {
  const files = filesIn(await readFile(guide, 'utf8'));
  t.deepEqual(Object.keys(files), ['fixed_delay/config.pbtxt', 'fixed_delay/1/model.mjs']);
  await using live = await liveService(files);
  const text = { datatype: 'BYTES', shape: [2, 1], data: packBytes(['a', 'straße']) } as const;
  const { outputs } = await live.service.infer(requestOf('fixed_delay', { TEXT: text }));
  const [upper, batch] = outputs;
  const texts = unpackBytes(upper?.data ?? new Uint8Array(0), 'UPPER').map((element) =>
    Buffer.from(element).toString(),
  );
  t.deepEqual(texts, ['A', 'STRASSE']);
  t.deepEqual([...(batch?.data ?? [])], [2, 0, 0, 0, 2, 0, 0, 0]);
  const [statistics] = live.service.statistics({ name: 'fixed_delay', version: '' });
  t.true((statistics?.inference_stats.compute_infer.ns ?? 0) >= 3.5e6);
});
