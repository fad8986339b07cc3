import test from 'ava';
import { buildModel, createWorkplace, type RemoteServer, startServer, type Workplace } from './cli.js';

/**
 * One server for all tests of a file, for those that do not count what it has done before. It has sample models, unless it is
 * prepared otherwise. Returns how to reach it, from the first test on.
 */
export function serverForAll(
  models: readonly string[] | ((place: Workplace) => Promise<unknown>),
  ...flags: readonly string[]
): () => RemoteServer {
  const place = createWorkplace();
  let remote: RemoteServer | undefined;
  test.before(async () => {
    if (typeof models === 'function') await models(place);
    else for (const model of models) await buildModel(place, model);
    remote = await startServer(place, ...flags);
  });
  test.after.always(async () => {
    remote?.server.child.kill('SIGTERM');
    await remote?.server.result;
    await place[Symbol.asyncDispose]();
  });
  return () => {
    if (remote === undefined) throw new Error('the server is started before the first test');
    return remote;
  };
}
