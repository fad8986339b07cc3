import { Agent, request as send } from 'undici';
import { messageOf } from '../core/perf-error.js';
import { type MetricSample, parseExposition } from '../protocol/exposition.js';
import { nodeTlsOptions, type TlsOptions } from './tls.js';
import { V2Error } from './v2-client.js';

/** A metrics endpoint, over one connection that is kept. */
export interface MetricsClient extends AsyncDisposable {
  /** Everything that it says at this moment. Rejects with `V2Error`. */
  read(): Promise<MetricSample[]>;
}

const timeoutMs = 5000;

/** @param url e.g. `http://localhost:8002/metrics` */
export function createMetricsClient(url: string, tls: TlsOptions | undefined): MetricsClient {
  const dispatcher = new Agent({
    connect: { timeout: timeoutMs, ...(tls && nodeTlsOptions(tls)) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connections: 1,
  });

  const fetchText = async (): Promise<{ status: number; text: string }> => {
    try {
      const answer = await send(url, { dispatcher, headers: { accept: 'text/plain;version=0.0.4' } });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (cause) {
      const causes = cause instanceof AggregateError ? cause.errors : [cause];
      throw new V2Error('connect', `no answer from ${url}: ${causes.map(messageOf).join(', ')}`, { cause });
    }
  };

  return {
    read: async () => {
      const { status, text } = await fetchText();
      if (status !== 200) throw new V2Error(`http ${status}`, `HTTP status ${status} from ${url}`);
      return parseExposition(text);
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}
