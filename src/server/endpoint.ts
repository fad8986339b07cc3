/** Where a front end listens. */
export interface Address {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

/** A front end that listens. */
export interface Endpoint {
  readonly port: number;
  /** Stops accepting, finishes what is in flight for at most `graceMs`, then cuts what is left. Never rejects. */
  close(graceMs: number): Promise<void>;
}
