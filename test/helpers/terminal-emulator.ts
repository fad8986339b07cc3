/** A terminal as it stands after a text was written to it. */
export interface EmulatedTerminal {
  readonly isAlternate: boolean;
  readonly isCursorVisible: boolean;
  readonly wraps: boolean;
  /** What the alternate screen showed when it was left last, or shows now. */
  readonly picture: readonly string[];
  /** What was written outside of the alternate screen, without control sequences. */
  readonly scrollback: string;
}

const controlStart = String.fromCharCode(27);
const sequence = new RegExp(`${controlStart}\\[(\\?)?([\\d;]*)([A-Za-z])`, 'y');

/** Understands what a dashboard writes, on a terminal of any width: home, clear to the end of line and screen, and the private modes 1049, 25 and 7. */
export function emulateTerminal(text: string): EmulatedTerminal {
  const modes = new Map([
    ['1049', false],
    ['25', true],
    ['7', true],
  ]);
  let screen: string[] = [];
  let row = 0;
  let column = 0;
  let scrollback = '';
  const obey = (isPrivate: boolean, value: string, letter: string): void => {
    if (isPrivate) modes.set(value, letter === 'h');
    else if (letter === 'H') row = column = 0;
    else if (letter === 'K') screen[row] = (screen[row] ?? '').slice(0, column);
    else if (letter === 'J') screen = screen.slice(0, row + 1);
  };
  const put = (character: string): void => {
    if (modes.get('1049') !== true) scrollback += character;
    else if (character === '\r') column = 0;
    else if (character === '\n') row++;
    else {
      const line = (screen[row] ?? '').padEnd(column);
      screen[row] = line.slice(0, column) + character + line.slice(column + 1);
      column++;
    }
  };
  for (let at = 0; at < text.length; ) {
    sequence.lastIndex = at;
    const [found, isPrivate, value = '', letter = ''] = sequence.exec(text) ?? [];
    if (found === undefined) put(text[at] ?? '');
    else obey(isPrivate !== undefined, value, letter);
    at += found?.length ?? 1;
  }
  return {
    isAlternate: modes.get('1049') === true,
    isCursorVisible: modes.get('25') === true,
    wraps: modes.get('7') === true,
    picture: screen,
    scrollback,
  };
}
