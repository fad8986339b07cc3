import { KnownHead } from './known-head.js';
import { clearHead, emptyHead, type ResponseHead, readField, readStatusLine } from './response-head.js';

/** Takes the body of a response, piece by piece; `bytes` is used again after the call. */
export type OnPiece = (bytes: Buffer, from: number, to: number) => void;

/** What the bytes so far amount to. */
export type ParseState = 'more' | 'done' | 'broken';

const phases = {
  statusLine: 0,
  fields: 1,
  body: 2,
  bodyToEnd: 3,
  chunkSize: 4,
  chunk: 5,
  chunkEnd: 6,
  trailers: 7,
  done: 8,
};

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** As much as Node allows four times over; a head beyond this is an attack or garbage. */
const headLimitBytes = 65_536;

/**
 * Parses one response after another (RFC 9112), in pieces that are cut anywhere. Interim (1xx) responses are skipped.
 * Lines that lie whole in a piece are read in place; a line that is cut is put together in a buffer of its own.
 */
export class ResponseParser {
  /** Valid from the end of the head on. */
  readonly head: ResponseHead = emptyHead();
  /** What is wrong, when the state is `broken`. */
  violation: string | undefined = undefined;
  private phase = phases.statusLine;
  private remaining = 0;
  private headBytes = 0;
  private cut: Buffer | undefined = undefined;
  private readonly knownHead = new KnownHead();
  /** The head that is being read began at the start of this piece. */
  private isHeadWhole = false;
  private readonly onPiece: OnPiece;

  constructor(onPiece: OnPiece) {
    this.onPiece = onPiece;
  }

  /** Makes ready for the next response. */
  reset(): void {
    this.phase = phases.statusLine;
    this.headBytes = 0;
    this.cut = undefined;
    this.violation = undefined;
  }

  feed(bytes: Buffer, end: number): ParseState {
    let at = this.phase === phases.statusLine && this.headBytes === 0 ? this.startHead(bytes, end) : 0;
    while (at < end && this.phase !== phases.done && this.violation === undefined) {
      at = this.takesLine() ? this.feedLine(bytes, at, end) : this.feedBody(bytes, at, end);
    }
    this.isHeadWhole = false;
    if (at < end) this.distrust();
    if (this.violation !== undefined) return 'broken';
    return this.phase === phases.done ? 'done' : 'more';
  }

  /** The connection ended: whether that completes the response. */
  isWholeAtEnd(): boolean {
    return this.phase === phases.done || this.phase === phases.bodyToEnd;
  }

  /** Goes past a head that is the same as the last one; the position after it. */
  private startHead(bytes: Buffer, end: number): number {
    const length = this.knownHead.lengthOf(bytes, end);
    if (length === 0) {
      this.knownHead.forget(); // what it knows must be what \`head\` says
      clearHead(this.head);
      this.isHeadWhole = true;
    } else {
      this.endHead();
    }
    return length;
  }

  /** The response is whole, but what follows it is nobody's. */
  private distrust(): void {
    this.head.keepsAlive = false;
    this.knownHead.forget();
  }

  private takesLine(): boolean {
    return this.phase !== phases.body && this.phase !== phases.chunk && this.phase !== phases.bodyToEnd;
  }

  private feedBody(bytes: Buffer, from: number, end: number): number {
    const to = this.phase === phases.bodyToEnd ? end : Math.min(end, from + this.remaining);
    this.onPiece(bytes, from, to);
    this.remaining -= to - from;
    if (this.remaining === 0) this.phase = this.phase === phases.chunk ? phases.chunkEnd : phases.done;
    return to;
  }

  /** Reads one line, or keeps the beginning of one; the position after it. */
  private feedLine(bytes: Buffer, from: number, end: number): number {
    let to = from;
    while (to < end && bytes[to] !== lineFeed) to++;
    this.headBytes += to - from;
    if (this.headBytes > headLimitBytes) {
      this.violation = `the head of the response is longer than ${headLimitBytes} bytes`;
      return end;
    }
    if (to === end) {
      this.keepCut(bytes, from, to);
      return end;
    }
    if (this.cut === undefined) {
      const isField = this.phase === phases.fields;
      this.readLine(bytes, from, to);
      if (isField && this.isHeadWhole && this.phase > phases.fields) this.knownHead.remember(bytes, to + 1);
    } else {
      this.keepCut(bytes, from, to);
      const line = this.cut;
      this.cut = undefined;
      this.readLine(line, 0, line.length);
    }
    return to + 1;
  }

  private keepCut(bytes: Buffer, from: number, to: number): void {
    const piece = bytes.subarray(from, to);
    this.cut = this.cut === undefined ? Buffer.from(piece) : Buffer.concat([this.cut, piece]);
  }

  private readLine(bytes: Buffer, from: number, lineEnd: number): void {
    const to = lineEnd > from && bytes[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd;
    switch (this.phase) {
      case phases.fields:
        if (to === from) this.endHead();
        else this.violation = readField(this.head, bytes, from, to);
        return;
      case phases.statusLine:
        this.violation = readStatusLine(this.head, bytes, from, to);
        this.phase = phases.fields;
        return;
      case phases.chunkSize:
        this.readChunkSize(bytes.toString('latin1', from, to));
        return;
      case phases.chunkEnd:
        if (to !== from) this.violation = 'a chunk is longer than it said';
        this.phase = phases.chunkSize;
        return;
      default: // trailers, which say nothing that we need
        if (to === from) this.phase = phases.done;
    }
  }

  private readChunkSize(line: string): void {
    const [text = ''] = line.split(';');
    if (!/^[0-9a-f]{1,12}[ \t]*$/i.test(text)) {
      this.violation = `not a chunk size: ${JSON.stringify(line.slice(0, 40))}`;
      return;
    }
    this.headBytes = 0;
    this.remaining = Number.parseInt(text, 16);
    this.phase = this.remaining === 0 ? phases.trailers : phases.chunk;
  }

  /** How long the body is (RFC 9112 section 6.3). */
  private endHead(): void {
    const { status, contentLength, isChunked, isCoded } = this.head;
    if (status < 200) {
      this.skipInterim();
    } else if (isCoded && contentLength !== undefined) {
      this.violation = 'both transfer-encoding and content-length';
    } else if (status === 204 || status === 304 || contentLength === 0) {
      this.phase = phases.done;
    } else if (isChunked) {
      this.phase = phases.chunkSize;
    } else {
      this.startBody(contentLength);
    }
  }

  private startBody(contentLength: number | undefined): void {
    this.phase = contentLength === undefined ? phases.bodyToEnd : phases.body;
    this.remaining = contentLength ?? Number.POSITIVE_INFINITY;
    if (contentLength === undefined) this.head.keepsAlive = false;
  }

  private skipInterim(): void {
    if (this.head.status === 101) this.violation = 'the server switches protocols, which nobody asked for';
    clearHead(this.head);
    this.isHeadWhole = false;
    this.phase = phases.statusLine;
  }
}
