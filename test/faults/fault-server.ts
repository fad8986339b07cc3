/** A server that does wrong on purpose. */
export interface FaultServer extends AsyncDisposable {
  readonly port: number;
  /** How many whole requests came. */
  arrived(): number;
}
