import type { Socket } from 'node:net';
import { BodyRooms } from '../body-rooms.js';
import { readInto } from '../read-into.js';
import { type Log, refusalOf } from '../refusal-of.js';
import { refusalAnswer } from './answer.js';
import { answerBrokenRequest } from './broken-request.js';
import { type DispatchOptions, dispatch } from './dispatch.js';
import type { Patience } from './http-server.js';
import { PlainConnection, type PlainWork, type WaitsFor } from './plain-connection.js';
import type { PlainHead } from './plain-head.js';

export interface PlainConnectionsOptions {
  readonly dispatching: DispatchOptions;
  readonly patience: Patience;
  readonly log: Log;
  /** Gets a connection on which something out of the ordinary came, and what aborts when it closes. */
  handOver(socket: Socket, gone: AbortController): void;
}

/** All connections of a server that still go the usual way, with what they share. */
export class PlainConnections {
  readonly #options: PlainConnectionsOptions;
  readonly #connections = new Set<PlainConnection>();
  readonly #rooms = new BodyRooms();
  readonly #sweep: NodeJS.Timeout;
  #isClosing = false;

  constructor(options: PlainConnectionsOptions) {
    this.#options = options;
    this.#sweep = setInterval(() => this.#endPatience(), options.patience.checkMs).unref();
  }

  /** Takes over a socket that a server accepted. */
  add(accepted: Socket): void {
    const gone = new AbortController();
    const connection = new PlainConnection({
      rooms: this.#rooms,
      accept: (head) => this.#accept(head, gone.signal),
      isClosing: () => this.#isClosing,
      handOver: (socket) => {
        this.#connections.delete(connection);
        this.#options.handOver(socket, gone);
      },
      now: () => performance.now(),
      takingMs: this.#options.patience.requestMs,
    });
    const socket = readInto(accepted, connection);
    this.#connections.add(connection);
    // Most often it has gone away. One that only has nothing more to ask still gets the answer to what is not waiting.
    socket.once('end', () => gone.abort());
    socket.once('close', () => {
      this.#connections.delete(connection);
      gone.abort();
    });
    connection.attach(socket);
  }

  /** Takes nothing new; what was accepted is answered, at most for `graceMs` milliseconds. */
  close(graceMs: number): void {
    this.#isClosing = true;
    clearInterval(this.#sweep);
    for (const { waitsFor, socket } of this.#connections) {
      if (waitsFor === 'first-request' || waitsFor === 'next-request') socket?.destroy();
    }
    const cut = setTimeout(() => {
      for (const { socket } of this.#connections) socket?.destroy();
    }, graceMs);
    cut.unref();
  }

  #accept(head: PlainHead, signal: AbortSignal): PlainWork | undefined {
    const { dispatching, log } = this.#options;
    const dispatched = dispatch(head, dispatching);
    if (dispatched.kind === 'answered' || head.contentLength > dispatched.maxBytes) return undefined;
    return {
      contentLength: head.contentLength,
      answer: async (body) => {
        try {
          return await dispatched.handle(body, signal);
        } catch (thrown) {
          return refusalAnswer(refusalOf(thrown, log));
        }
      },
    };
  }

  #endPatience(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      const { socket, waitsFor } = connection;
      if (socket === undefined || now - connection.waitsSince <= this.#patienceFor(waitsFor)) continue;
      if (waitsFor === 'next-request') socket.destroy();
      else answerBrokenRequest(timedOut(), socket);
    }
  }

  #patienceFor(waitsFor: WaitsFor): number {
    const { headersMs, requestMs, idleMs } = this.#options.patience;
    return { nothing: Number.POSITIVE_INFINITY, 'first-request': headersMs, body: requestMs, 'next-request': idleMs }[
      waitsFor
    ];
  }
}

/** As `node:http` reports it. */
const timedOut = (): Error => Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
