import { messageOf } from '../../core/perf-error.js';
import { decodeGenerateRequest, encodeGenerateResponse } from '../../protocol/generate.js';
import type { InferRequest } from '../../protocol/infer.js';
import { withForwarded } from '../forwarded-headers.js';
import type { PartialAnswer } from '../partial-answer.js';
import { RefusalError } from '../refusal.js';
import type { HttpAnswer } from './answer.js';
import { EventQueue } from './event-queue.js';
import { forwardedIn, type HttpCall, modelOf } from './http-call.js';

/** `POST /v2/models/{model}/generate`: one answer, as a JSON object. */
export const handleGenerate = async (call: HttpCall): Promise<HttpAnswer> => {
  const request = requestOf(call);
  return {
    status: 200,
    body: call.service.isDecoupled(modelOf(call)) ? await onlyAnswer(call, request) : await answer(call, request),
    headers: { 'Content-Type': 'application/json' },
    isIdentity: true,
  };
};

/**
 * `POST /v2/models/{model}/generate_stream`: each answer as a server-sent event. A failure before the first is like any
 * other, one behind it is an event with the member `error`.
 */
export const handleGenerateStream = async (call: HttpCall): Promise<HttpAnswer> => {
  const request = requestOf(call);
  const isDecoupled = call.service.isDecoupled(modelOf(call));
  const events = isDecoupled ? await answers(call, request) : { body: eventOf(await answer(call, request)) };
  const headers = { 'Content-Type': 'text/event-stream; charset=utf-8' };
  return { status: 200, ...events, headers, isIdentity: true };
};

function requestOf(call: HttpCall): InferRequest {
  const model = modelOf(call);
  const request = decodeGenerateRequest(call.body, call.service.modelConfig(model), {
    modelName: model.name,
    modelVersion: model.version,
  });
  return withForwarded(request, forwardedIn(call));
}

const answer = async ({ service, signal }: HttpCall, request: InferRequest): Promise<string> =>
  encodeGenerateResponse(await service.infer(request, signal));

const eventOf = (json: string): string => `data: ${json}\n\n`;

/** Of a decoupled model. Rejects unless it is the only one. */
async function onlyAnswer({ service, signal }: HttpCall, request: InferRequest): Promise<string> {
  const given: Exclude<PartialAnswer, { kind: 'end' }>[] = [];
  const onAnswer = (answer: PartialAnswer): void => {
    if (answer.kind !== 'end' && given.length < 2) given.push(answer);
  };
  await service.inferStream(request, { signal, onAnswer });
  const [first, second] = given;
  if (first === undefined || second !== undefined) {
    throw new RefusalError(
      'internal',
      'generate expects model to produce exactly 1 response, use generate stream for model that generates various ' +
        'number of responses',
    );
  }
  return jsonOf(first);
}

/** @throws RefusalError when the answer is one */
function jsonOf(answer: Exclude<PartialAnswer, { kind: 'end' }>): string {
  if (answer.kind === 'error') throw answer.refusal;
  return encodeGenerateResponse(answer.response);
}

/** The first event, and those behind it as they come. Rejects when there is a failure instead of the first. */
async function answers(
  { service, signal }: HttpCall,
  request: InferRequest,
): Promise<Pick<HttpAnswer, 'body' | 'rest'>> {
  const queue = new EventQueue();
  const end = (): void => queue.end();
  signal.addEventListener('abort', end, { once: true });
  const first = new Promise<string>((resolve, reject) => {
    let isFirst = true;
    const take = (answer: Exclude<PartialAnswer, { kind: 'end' }>): Promise<void> => {
      if (!isFirst) return queue.put(textOf(answer));
      isFirst = false;
      if (answer.kind === 'error') {
        end();
        reject(answer.refusal);
      } else {
        resolve(textOf(answer));
      }
      return Promise.resolve();
    };
    const onAnswer = (answer: PartialAnswer) => (answer.kind === 'end' ? undefined : take(answer));
    const fail = (thrown: unknown): void => {
      if (isFirst) reject(thrown);
      else void queue.put(errorText(thrown));
    };
    service
      .inferStream(request, { signal, onAnswer })
      .then(() => resolve(''), fail)
      .finally(() => {
        signal.removeEventListener('abort', end);
        end();
      });
  });
  return { body: await first, rest: queue };
}

function textOf(answer: Exclude<PartialAnswer, { kind: 'end' }>): string {
  try {
    return eventOf(jsonOf(answer));
  } catch (thrown) {
    return errorText(thrown);
  }
}

const errorText = (thrown: unknown): string => eventOf(JSON.stringify({ error: messageOf(thrown) }));
