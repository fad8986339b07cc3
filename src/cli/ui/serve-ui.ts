import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { formatLivePage } from '../../../reports/html/live-page.js';
import { tool } from '../../core/package-manifest.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { Level, Run } from '../../core/run.js';
import { eventProgress, type ProgressEvent } from '../progress/event-progress.js';
import type { Progress } from '../progress/progress.js';

/** A run as a page on this machine. Disposal waits until open pages have the last report. */
export interface LiveUi extends AsyncDisposable {
  readonly url: string;
  readonly progress: Progress;
}

const address = '127.0.0.1';
/** How long open pages have to fetch the last report, which takes seconds to make on a busy machine. */
const lingerMs = 20_000;
/** What a page that is opened late is told of what was said before. */
const keptMessages = 20;

/**
 * Serves the page, its events and the report of the levels that are done; to nobody but this machine.
 *
 * Rejects with `PerfError` `usage` when the port cannot be listened on.
 *
 * @param port 0 = any free one
 */
export async function serveUi(port: number): Promise<LiveUi> {
  const pages = new Set<ServerResponse>();
  const levels: Level[] = [];
  const memory = createMemory();
  let runOf: ((levels: readonly Level[]) => Run) | undefined;
  let hasEnded = false;
  let owed = 0;
  let onPaid: () => void = () => undefined;

  const events = eventProgress((event) => {
    memory.keep(event);
    for (const page of pages) page.write(frameOf(event));
  });
  const follow = (response: ServerResponse): void => {
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
    for (const event of memory.kept()) response.write(frameOf(event));
    pages.add(response);
    response.once('close', () => pages.delete(response));
  };
  const report = async (response: ServerResponse): Promise<void> => {
    const isLast = hasEnded;
    const page = runOf === undefined ? '' : await reportOf(runOf(levels));
    response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' }).end(page, () => {
      if (isLast && --owed <= 0) onPaid();
    });
  };
  const routes: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
    '/': (response) =>
      response
        .writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' })
        .end(formatLivePage(`${tool.name} ${tool.version}`)),
    '/events': follow,
    '/report': (response) => report(response).catch(() => response.destroy()),
  };
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const answer = isOurs(request) && request.method === 'GET' ? routes[path] : undefined;
    if (answer === undefined) response.writeHead(isOurs(request) ? 404 : 403, headers).end();
    else answer(response);
  });
  await listen(server, port);
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}/`,
    progress: {
      ...events,
      startRun: (make) => {
        runOf = make;
      },
      endLevel: (level) => {
        levels.push(level);
        events.endLevel(level);
      },
      close: () => {
        hasEnded = true;
        owed = levels.length === 0 ? 0 : pages.size;
        events.close();
      },
    },
    [Symbol.asyncDispose]: async () => {
      if (owed > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, lingerMs);
          onPaid = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Nothing of it is kept, framed by others, or taken for something else. */
const headers = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'referrer-policy': 'no-referrer',
};

/** A name of somebody else that leads here (DNS rebinding) would let their pages read ours. */
const isOurs = ({ headers: { host = '' } }: IncomingMessage): boolean => /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);

async function listen(server: Server, port: number): Promise<void> {
  try {
    server.listen(port, address);
    await once(server, 'listening');
  } catch (cause) {
    throw new PerfError(
      'usage',
      `Cannot use --ui-port ${port}: expected a port that is free, got ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

const frameOf = (event: ProgressEvent): string => `data: ${JSON.stringify(event)}\n\n`;

/** What a page must know that is opened in the middle: the last event of each kind, and the last messages. */
function createMemory(): { keep(event: ProgressEvent): void; kept(): readonly ProgressEvent[] } {
  const last = new Map<string, ProgressEvent>();
  const messages: ProgressEvent[] = [];
  return {
    keep: (event) => {
      if (event.event === 'message') messages.push(event);
      else {
        last.delete(event.event); // so that the latest comes last
        last.set(event.event, event);
      }
      messages.splice(0, messages.length - keptMessages);
    },
    kept: () => [...messages, ...last.values()],
  };
}

/** In a thread of its own: charts take a second of computing, which would stop the load. */
async function reportOf(run: Run): Promise<string> {
  const worker = new Worker(new URL('./report-worker.js', import.meta.url), { workerData: run });
  const [page] = await once(worker, 'message');
  return page as string;
}
