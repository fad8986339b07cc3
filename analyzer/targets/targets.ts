import type { Share } from '../load/share.js';

/** A model, and how many of the prepared requests are for it. */
export interface MixedModel {
  readonly name: string;
  /** Its share of the requests is this over the sum of the weights. */
  readonly weight: number;
  readonly requestCount: number;
}

/**
 * What a load is aimed at: every model on every server. Prepared requests are numbered server after server, and for one
 * server model after model. Plain data.
 */
export interface Targets {
  readonly models: readonly MixedModel[];
  readonly urls: readonly string[];
}

/** One model on one server, by their positions. */
export interface Target {
  readonly model: number;
  readonly server: number;
}

/** How many prepared requests each server has. */
export const requestsOfServer = ({ models }: Targets): number =>
  models.reduce((sum, { requestCount }) => sum + requestCount, 0);

/** Server after server, model after model. */
export const targetList = ({ models, urls }: Targets): Target[] =>
  urls.flatMap((_url, server) => models.map((_model, model) => ({ model, server })));

/** Of a closed loop: the server that a slot sends to, all slots of all shares together dealt out in turn. */
export const serverOfSlot = (slot: number, serverCount: number, { index, of }: Share): number =>
  (index + slot * of) % serverCount;

/** By the number of a request: the position of its target in the list of all. */
export const targetTable = ({ models, urls }: Targets): Uint32Array =>
  Uint32Array.from(
    urls.flatMap((_url, server) =>
      models.flatMap(({ requestCount }, model) =>
        Array.from({ length: requestCount }, () => server * models.length + model),
      ),
    ),
  );
