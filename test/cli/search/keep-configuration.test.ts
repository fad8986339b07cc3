import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connect } from '../../../src/cli/connect.js';
import { hasEnded, processMark } from '../../../src/cli/process-mark.js';
import { applyCandidate } from '../../../src/cli/search/apply-candidate.js';
import { type KeptConfiguration, keepConfiguration } from '../../../src/cli/search/keep-configuration.js';
import { createLoader } from '../../../src/cli/search/load-candidate.js';
import type { SearchServer } from '../../../src/cli/search/open-search-server.js';
import type { V2Client } from '../../../src/client/v2-client.js';
import { startServer } from '../../../src/server/start-server.js';
import { temporaryDirectory } from '../../sample-models/temporary-directory.js';
import { liveService, simpleModel } from '../../server/live-service.js';

/** A server that runs, with one model, and the ways a search has to it. */
async function runningServer(t: ExecutionContext) {
  const cache = await temporaryDirectory(t);
  process.env['PERF_ANALYZE_CACHE'] = cache;
  const live = await liveService(simpleModel(), { modelControlMode: 'explicit', loadModels: ['simple'] });
  const server = await startServer(live.service, {
    httpPort: 0,
    grpcPort: 0,
    allowMetrics: false,
    log: () => undefined,
  });
  const url = `127.0.0.1:${server.ports.http}`;
  const client = await connect('http', url);
  t.teardown(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await live[Symbol.asyncDispose]();
  });
  const said: string[] = [];
  return {
    live,
    client,
    said,
    keep: () => keepConfiguration({ client, modelName: 'simple', url, say: (line) => said.push(line) }),
    countNow: async () => (await client.modelConfig({ name: 'simple' })).instance_group[0]?.count,
    /** Makes the searches that run here ones that were killed. */
    kill: () => {
      const notes = join(cache, 'search-notes');
      const claims = readdirSync(notes).filter((name) => name.endsWith('.lock'));
      const [place = '', pid = ''] = processMark(process.pid).split('-');
      for (const claim of claims) writeFileSync(join(notes, claim), `${place}-${pid}-1`);
      t.true(claims.length > 0 && hasEnded(readFileSync(join(notes, claims[0] ?? ''), 'utf8')));
    },
  };
}

type NoteLoad = KeptConfiguration['noteLoad'];

async function loadCount(client: V2Client, count: number, note?: NoteLoad): Promise<void> {
  const config = applyCandidate(await client.modelConfig({ name: 'simple' }), { instance_count: count });
  note?.(undefined);
  await client.loadModel('simple', config);
  note?.(await client.modelConfig({ name: 'simple' }));
}

test.serial('keepConfiguration takes away what a killed search left, be the original an override or not', async (t) => {
  const { client, keep, kill, countNow, said } = await runningServer(t);
  for (const original of [1, 3]) {
    if (original !== 1) await loadCount(client, original);
    const killed = await keep();
    await t.throwsAsync(keep(), {
      message: /^Cannot search configurations of 'simple' on .*: expected no other search/,
    });
    await loadCount(client, 2, killed.noteLoad);
    if (original !== 1) killed.noteLoad(undefined); // in the middle of the next load
    kill();
    await using next = await keep();
    t.is(next.config.instance_group[0]?.count, original);
    t.is(await countNow(), original);
  }
  t.deepEqual(said, Array(2).fill('Put back the configuration of simple that a search had left behind.'));
});

test.serial(
  'keepConfiguration leaves a server alone that has begun anew since a search was killed there',
  async (t) => {
    const { client, keep, kill, countNow, said, live } = await runningServer(t);
    const killed = await keep();
    await loadCount(client, 2, killed.noteLoad);
    kill();
    const file = join(live.repository.path, 'simple', 'config.pbtxt');
    writeFileSync(file, readFileSync(file, 'utf8').replace('count: 1', 'count: 3'));
    await client.loadModel('simple'); // as a new start does
    {
      await using next = await keep();
      t.is(next.config.instance_group[0]?.count, 3);
    }
    t.is(await countNow(), 3);
    t.deepEqual(said, []);
  },
);

test.serial('a loader says when a server that others use has another configuration than it loaded', async (t) => {
  const { client } = await runningServer(t);
  const config = await client.modelConfig({ name: 'simple' });
  const server = { kind: 'remote', url: 'there', client, config, composing: new Map(), noteLoad: () => undefined };
  const loader = createLoader(server as unknown as SearchServer, 'simple', false);
  await loader.checkLoaded();
  await loader.load({ instance_count: 2, concurrency: 1 });
  await loader.checkLoaded();
  await loadCount(client, 3);
  await t.throwsAsync(loader.checkLoaded(), {
    message: 'Cannot go on: expected simple on there as this search had loaded it, got another configuration',
  });
});
