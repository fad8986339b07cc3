import { cacheDirectory } from '../core/cache-directory.js';
import { createInferenceService } from '../server/create-service.js';
import { exitCodes } from './exit-codes.js';
import { serve } from './serve.js';
import { processHost } from './serve-host.js';
import { type ServeFlags, serveOptions } from './serve-options.js';

/** Runs the embedded server on its own until it is told to stop. Resolves with the exit code. */
export async function serveCommand(flags: ServeFlags): Promise<number> {
  using host = processHost();
  await serve(serveOptions(flags), host, (options, log) =>
    createInferenceService({ ...options, cacheDirectory: cacheDirectory(), log }),
  );
  return exitCodes.done;
}
