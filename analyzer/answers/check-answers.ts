import type { Failure } from '../../src/core/failure.js';
import type { Tolerance } from '../../src/core/input-data.js';
import { messageOf } from '../../src/core/perf-error.js';
import type { InferOutput, InferResponse } from '../../src/protocol/infer.js';
import { ProtocolError } from '../../src/protocol/protocol-error.js';
import type { ExpectedOutput, PreparedRequest } from '../data/step.js';
import type { OpenTransport } from '../wire/transport.js';
import { firstMismatch } from './compare-outputs.js';
import { malformation } from './well-formed.js';

/** Decodes the body of an answer with success to the request of that token. Throws `ProtocolError` when it is none. */
export type DecodeAnswer = (body: Buffer, headerLength: number | undefined, token: number) => InferResponse;

export interface AnswerChecks {
  /** As the transport sends them. */
  readonly prepared: readonly PreparedRequest[];
  readonly tolerance: Tolerance;
  readonly decode: DecodeAnswer;
  /** Given when outputs are kept. */
  readonly texts?: OutputTexts | undefined;
}

/** How outputs are put into words. */
export interface OutputTexts {
  /** Larger answers are not. */
  readonly limitBytes: number;
  readonly textOf: (outputs: readonly InferOutput[]) => string;
}

/** Of the answers whose size is known to be right, one in so many is decoded all the same. */
const sampleInterval = 1024;
/** A request with answers of more sizes than this, such as generated text, has every further size decoded. */
const rememberedSizes = 16;

/** What is known of one request, however often it is in the cycle. */
interface Subject {
  readonly expected: readonly ExpectedOutput[];
  /** Answers of these sizes on the wire were decoded, and were right. */
  readonly sizes: number[];
}

/**
 * A transport that does not take a status of success for success. An answer is decoded in full, and must be well-formed,
 * when its size is one that the same request has not been answered with in this level (so at least the first), when its
 * size is not announced, and one time in 1024 else; its failure is `protocol`. The other answers are counted off without
 * a look. Answers to requests with expectations are all decoded and compared; a difference is the failure `validation`.
 * Of a request to a stream this holds for each response, and the first thing that is wrong counts.
 */
export function checkAnswers(open: OpenTransport, { prepared, tolerance, decode, texts }: AnswerChecks): OpenTransport {
  return ({ concurrency, marks, onReply, onResponse, onOutputs }) => {
    const subjects = subjectsOf(prepared);
    const inFlight = new Map<number, Subject>();
    /** Of answers that are looked into: their sizes on the wire, where they may be compressed. */
    const announced = new Map<number, number>();
    let sampled = 0;
    /** What is wrong with answers whose replies are still to come. */
    const verdicts = new Map<number, Failure>();

    const isDoubtful = (token: number, sizeBytes: number | undefined): boolean => {
      const subject = inFlight.get(token);
      if (subject === undefined || sizeBytes === undefined || subject.expected.length > 0) return true;
      if (!subject.sizes.includes(sizeBytes)) {
        announced.set(token, sizeBytes);
        return true;
      }
      sampled = sampled + 1 === sampleInterval ? 0 : sampled + 1;
      return sampled === 0;
    };

    const tellOutputs = (token: number, outputs: readonly InferOutput[], sizeBytes: number): void => {
      if (texts !== undefined) onOutputs?.(token, sizeBytes <= texts.limitBytes ? texts.textOf(outputs) : undefined);
    };

    const transport = open({
      concurrency,
      marks,
      onResponse,
      keepsBody: (token, sizeBytes) => {
        if (isDoubtful(token, sizeBytes)) return true;
        if (texts === undefined) return false;
        if ((sizeBytes ?? 0) <= texts.limitBytes) return true;
        onOutputs?.(token, undefined);
        return false;
      },
      onBody: (token, body, headerLength) => {
        const subject = inFlight.get(token);
        if (subject === undefined) return;
        const { wrong, outputs } = look(() => decode(body, headerLength, token), subject.expected, tolerance);
        if (wrong === undefined) {
          remember(subject, announced.get(token));
          tellOutputs(token, outputs, body.length);
        } else if (!verdicts.has(token)) {
          verdicts.set(token, wrong);
        }
      },
      onReply: (token, failure, firstAt, lastAt) => {
        inFlight.delete(token);
        if (announced.size > 0) announced.delete(token);
        const wrong = verdicts.size > 0 ? verdicts.get(token) : undefined;
        if (wrong !== undefined) verdicts.delete(token);
        onReply(token, failure ?? wrong, firstAt, lastAt);
      },
    });
    return {
      send: (request, token) => {
        const subject = subjects[request];
        if (subject !== undefined) inFlight.set(token, subject);
        transport.send(request, token);
      },
      [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
    };
  };
}

/** @param size absent when it was not announced, or is known */
function remember({ sizes }: Subject, size: number | undefined): void {
  const isNews = size !== undefined && !sizes.includes(size);
  if (isNews && sizes.length < rememberedSizes) sizes.push(size);
}

/** What is in an answer, and what is wrong with it, if anything. */
function look(
  decode: () => InferResponse,
  expected: readonly ExpectedOutput[],
  tolerance: Tolerance,
): { readonly wrong: Failure | undefined; readonly outputs: readonly InferOutput[] } {
  try {
    const { outputs } = decode();
    return { wrong: judge(outputs, expected, tolerance), outputs };
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown;
    const message = `not an answer of the protocol: ${messageOf(thrown)}`;
    return { wrong: { code: 'protocol', message }, outputs: [] };
  }
}

function judge(
  outputs: readonly InferOutput[],
  expected: readonly ExpectedOutput[],
  tolerance: Tolerance,
): Failure | undefined {
  const wrong = malformation(outputs);
  if (wrong !== undefined) return { code: 'protocol', message: wrong };
  const mismatch = firstMismatch(expected, outputs, tolerance);
  return mismatch === undefined ? undefined : { code: 'validation', message: mismatch };
}

/** By position; requests that come more than once share what is known of them. */
function subjectsOf(prepared: readonly PreparedRequest[]): Subject[] {
  const known = new Map<PreparedRequest, Subject>();
  return prepared.map((each) => {
    const subject = known.get(each) ?? { expected: each.expected, sizes: [] };
    known.set(each, subject);
    return subject;
  });
}
