import { createServer } from 'node:http';
import type { Address, Endpoint } from './endpoint.js';
import { errorAnswer, type HttpAnswer, refusalAnswer } from './http/answer.js';
import { answerBrokenRequest } from './http/broken-request.js';
import { listen } from './http/listening.js';
import type { InferenceService } from './inference-service.js';
import { createUsageReader, type MetricsConfig, metricsText } from './metrics.js';
import { type Log, refusalOf } from './refusal-of.js';

/**
 * Serves `GET /metrics` on a port of its own. Other paths answer 200 without a body, as Triton does.
 *
 * @throws Error of `node:net` when it cannot listen
 */
export function startMetricsServer(
  service: InferenceService,
  options: Address & { readonly log: Log; readonly metrics?: MetricsConfig | undefined },
): Promise<Endpoint> {
  const readUsage = createUsageReader();
  const text = (): HttpAnswer => ({
    status: 200,
    body: metricsText(service, readUsage(), options.metrics),
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  });
  const answer = (method: string, url: string): HttpAnswer => {
    if (url.replace(/\?.*$/s, '') !== '/metrics') return { status: 200, body: '', headers: {} };
    if (method !== 'GET') return errorAnswer(405, 'Method Not Allowed', { Allow: 'GET' });
    try {
      return text();
    } catch (thrown) {
      return refusalAnswer(refusalOf(thrown, options.log));
    }
  };
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const { status, body, headers } = answer(request.method ?? '', request.url ?? '');
    response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
  server.on('clientError', answerBrokenRequest);
  return listen(server, options);
}
