import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Conditions, conditionsKey } from '../../../src/cli/search/conditions-key.js';
import type { SearchServer } from '../../../src/cli/search/open-search-server.js';
import { readSearchArguments } from '../../../src/cli/search-command.js';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';
import { temporaryDirectory } from '../../sample-models/temporary-directory.js';

test('conditionsKey changes with model, configuration, data, server and windows, not with what is looked for (D13)', async (t) => {
  const folder = await temporaryDirectory(t);
  const at = (...names: readonly string[]): string => join(folder, ...names);
  for (const name of ['models/m/1', 'data', 'elsewhere']) mkdirSync(at(name), { recursive: true });
  writeFileSync(at('elsewhere/model.onnx'), 'weights');
  symlinkSync(at('elsewhere/model.onnx'), at('models/m/1/model.onnx'));
  symlinkSync(at('models'), at('models/m/1/up'));
  for (const name of ['data/INPUT', 'data.json', 'values.bin']) writeFileSync(at(name), '1');
  const known = {
    name: 'triton',
    version: '2.70.0',
    config: 'max_batch_size: 8',
    args: [] as readonly string[],
    isRemote: false,
    setup: {} as Conditions['setup'],
  };
  const keyOf = (changes: Partial<typeof known> = {}): string => {
    const { name, version, config, args, isRemote, setup } = { ...known, ...changes };
    const server = {
      url: 'there:8000',
      config: parseModelConfig(config),
      composing: new Map(),
      modelRepository: isRemote ? undefined : at('models'),
      precisions: undefined,
    } as unknown as SearchServer;
    const { options } = readSearchArguments(['-m', 'm', ...args]);
    return conditionsKey({ server, options, effort: 'screen', setup, served: { name, version } });
  };
  const data = ['--input-data', at('data.json')];
  const others: Readonly<Record<string, () => string>> = {
    configuration: () => keyOf({ config: 'max_batch_size: 16' }),
    server: () => keyOf({ version: '2.71.0' }),
    'flags of the server': () => keyOf({ setup: { launch: { flags: ['--log-verbose=1'], environment: {} } } }),
    'its environment': () => keyOf({ setup: { launch: { flags: [], environment: { X: '1' } } } }),
    'a server for each candidate': () => keyOf({ setup: { restarts: true } }),
    windows: () => keyOf({ args: ['-p', '900'] }),
    'size of requests': () => keyOf({ args: ['-b', '2'] }),
    data: () => keyOf({ args: data }),
    'content of data': () => {
      writeFileSync(at('data.json'), '2');
      return keyOf({ args: data });
    },
    folder: () => keyOf({ args: ['--input-data', at('data')] }),
    'content of the folder': () => {
      writeFileSync(at('data/INPUT'), '2');
      return keyOf({ args: ['--input-data', at('data')] });
    },
    generator: () => keyOf({ args: ['--input', `x:file(${at('values.bin')})`] }),
    'content for the generator': () => {
      writeFileSync(at('values.bin'), '2');
      return keyOf({ args: ['--input', `x:file(${at('values.bin')})`] });
    },
    'a server of its own': () => keyOf({ isRemote: true }),
    'another of those': () => keyOf({ isRemote: true, version: '2.71.0' }),
    model: () => {
      writeFileSync(at('elsewhere/model.onnx'), 'other weights');
      return keyOf();
    },
  };
  const seen = new Map([[keyOf(), 'as it was']]);
  t.is(keyOf({ args: ['--constraint', 'perf_latency_p99:max=5', '--vary', 'instance_count=1'] }), keyOf());
  for (const [what, other] of Object.entries(others)) {
    const key = other();
    t.is(seen.get(key), undefined, what);
    seen.set(key, what);
  }
});
