import type { InferResponse } from '../protocol/infer.js';
import type { RefusalError } from './refusal.js';

/** One of the answers to a request to a decoupled model, which gives any number of them. */
export type PartialAnswer =
  | { readonly kind: 'response'; readonly response: InferResponse; readonly isFinal: boolean }
  | { readonly kind: 'error'; readonly refusal: RefusalError; readonly isFinal: boolean }
  /** The request has ended, without another response. */
  | { readonly kind: 'end'; readonly isFinal: true };

/** Takes the answers in their order. What it returns settles when the client has room for more. */
export type TakeAnswer = (answer: PartialAnswer) => void | Promise<void> | undefined;
