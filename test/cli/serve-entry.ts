import { setTimeout } from 'node:timers/promises';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { serve } from '../../src/cli/serve.js';
import { processHost } from '../../src/cli/serve-host.js';
import { serveFlags, serveOptions } from '../../src/cli/serve-options.js';
import { createInMemoryService } from '../contract/in-memory-service.js';

// The `serve` command in a process of its own, around the in-memory service.

const openService = async () =>
  Object.assign(createInMemoryService(), {
    [Symbol.asyncDispose]: async () => {
      if (process.env['TEST_COMPUTES_ON'] !== undefined) await setTimeout(60_000);
      process.stderr.write('service closed\n');
    },
  });

// The channel is closed by then.
if (process.env['TEST_STARTS_LATE'] !== undefined) while (process.connected) await setTimeout(10);

const flags = await serveFlags(yargs(hideBin(process.argv)))
  .parserConfiguration({ 'parse-numbers': false })
  .parseAsync();

try {
  using host = processHost();
  await serve(serveOptions(flags), host, openService);
} catch {
  process.exitCode = 64;
}
