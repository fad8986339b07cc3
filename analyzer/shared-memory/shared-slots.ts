import type { InferRequest, InferResponse } from '../../src/protocol/infer.js';
import type { OpenTransport } from '../wire/transport.js';
import { readSharedOutputs } from './read-shared-outputs.js';
import type { OutputLayout } from './shared-layout.js';
import { sharedBytes } from './shared-object.js';
import { type SlotOptions, type SlotTransport, slotTransport } from './slot-transport.js';

/** The places of the requests that one sender has in flight; plain data, so that it can be on any thread of this process. */
export interface SharedSlots {
  readonly count: number;
  /** What the transport is to be given: each request once for each slot. */
  readonly requests: readonly InferRequest[];
  /** Of the outputs of each original request, by its number. */
  readonly layouts: readonly OutputLayout[];
  /** The descriptors of the objects with the outputs, by slot. */
  readonly files: readonly number[];
}

export interface OpenSlots {
  /** A transport that takes the numbers of the original requests. */
  wrap(open: OpenTransport): OpenTransport;
  /** Outputs that an answer does not carry. */
  readonly sharedOutputs: ReadonlySet<string>;
  /** The answer to the request with this token, with its outputs; while the request is in flight. */
  complete(answer: InferResponse, token: number): InferResponse;
}

/** @param options of the requests; the transport that is wrapped must have no time limit of its own */
export function openSlots({ count, layouts, files }: SharedSlots, options: Omit<SlotOptions, 'slots'>): OpenSlots {
  const regions = files.map(sharedBytes);
  let slots: SlotTransport | undefined;
  return {
    sharedOutputs: new Set([...new Set(layouts)].flatMap(({ areas }) => areas.map(({ name }) => name))),
    wrap: (open) => {
      slots = slotTransport(open, { ...options, slots: count });
      return slots.open;
    },
    complete: (answer, token) => {
      const slot = slots?.slotOf(token) ?? -1;
      const [region, layout] = [regions[slot], layouts[slots?.requestIn(slot) ?? -1]];
      return region === undefined || layout === undefined ? answer : readSharedOutputs(answer, layout, region);
    },
  };
}
