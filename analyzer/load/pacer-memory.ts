/** What the pacer's thread and its owner share. */
export interface PacerMemory {
  readonly state: Int32Array<SharedArrayBuffer>;
  /** When to wake, by `monotonicNow`. */
  readonly target: Float64Array<SharedArrayBuffer>;
}

/** Places in `state`, and the size of all of it. */
export const controls = { commands: 0, isOver: 1, targetOffset: 8, bytes: 16 } as const;

export const pacerMemory = (shared: SharedArrayBuffer): PacerMemory => ({
  state: new Int32Array(shared, 0, 2),
  target: new Float64Array(shared, controls.targetOffset, 1),
});
