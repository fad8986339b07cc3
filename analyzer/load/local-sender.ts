import { type PrepareLoadOptions, prepareLoad } from './prepare-load.js';
import type { OpenSender } from './sender.js';
import { shareTransport } from './share-transport.js';

/** Sends on the thread of the caller. */
export const localSender =
  (options: PrepareLoadOptions): OpenSender =>
  () => {
    const shared = shareTransport(options.open);
    return {
      crashed: new AbortController().signal, // what is thrown on this thread ends the program
      prepare: (order) => prepareLoad(order, { ...options, open: shared.open }),
      [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose](),
    };
  };
