/** Keeps copies of pieces of a read buffer that is used again, up to a limit; what lies beyond is dropped. */
export class BodyCollector {
  private pieces: Buffer[] = [];
  private sizeBytes = 0;
  private readonly limitBytes: number;

  constructor(limitBytes: number = Number.POSITIVE_INFINITY) {
    this.limitBytes = limitBytes;
  }

  /** Of what is kept. */
  get length(): number {
    return this.sizeBytes;
  }

  push(bytes: Buffer, from: number, to: number): void {
    const room = Math.min(to - from, this.limitBytes - this.sizeBytes);
    if (room <= 0) return;
    this.pieces.push(Buffer.from(bytes.subarray(from, from + room)));
    this.sizeBytes += room;
  }

  /** Everything since the last `take`, as one buffer of its own. */
  take(): Buffer {
    const [first] = this.pieces;
    const whole = this.pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.pieces);
    this.drop();
    return whole;
  }

  drop(): void {
    if (this.sizeBytes === 0) return;
    this.pieces = [];
    this.sizeBytes = 0;
  }
}
