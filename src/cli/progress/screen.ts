/** A terminal as a surface that is drawn on as a whole, beside the text that was there and comes back. */
export interface Screen {
  readonly isOpen: boolean;
  open(): void;
  /** Replaces what is shown. What the terminal does not take at once goes before the next picture, which is left out meanwhile. */
  draw(lines: readonly string[]): void;
  /** Puts the terminal back as it was. May be called at any time, also while the process exits. */
  close(): void;
}

/** The file of a terminal. */
export interface TerminalFile {
  /**
   * Writes as much as the terminal takes at once, in bytes: one that takes nothing (Ctrl-S, a slow line) must not stop
   * the load.
   */
  writeSome(bytes: Uint8Array): number;
  /** Waits until all of it is written. */
  writeAll(bytes: Uint8Array): void;
}

// Alternate screen, hidden cursor, no wrapping of long lines (DEC private modes 1049, 25 and 7), and back.
const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';

export function createScreen(file: TerminalFile): Screen {
  let isOpen = false;
  let rest: Uint8Array = new Uint8Array(0);
  const writeRest = (): void => {
    if (rest.length > 0) rest = rest.subarray(file.writeSome(rest));
  };
  return {
    get isOpen() {
      return isOpen;
    },
    open: () => {
      if (isOpen) return;
      isOpen = true;
      file.writeAll(Buffer.from(enter));
    },
    draw: (lines) => {
      if (!isOpen) return;
      writeRest();
      if (rest.length > 0) return;
      // From the top, each line to its end, then what is below: without clearing first nothing flickers.
      rest = Buffer.from(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
      writeRest();
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      file.writeAll(Buffer.concat([rest, Buffer.from(leave)]));
      rest = new Uint8Array(0);
    },
  };
}
