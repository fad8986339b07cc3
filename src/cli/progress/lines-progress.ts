import { durationText } from './duration-text.js';
import { doneLine } from './level-line.js';
import type { Progress } from './progress.js';
import { terminalText } from './terminal-text.js';

/** Lines that stay, for what is no terminal: a step once, a level when it is done. */
export function linesProgress(stream: NodeJS.WritableStream): Progress {
  const say = (line: string): void => {
    stream.write(`${terminalText(line)}\n`);
  };
  let shown = '';
  const show = (what: string): void => {
    if (what !== shown) say(`${what} ...`);
    shown = what;
  };
  return {
    say,
    show,
    startRun: () => undefined,
    startLevel: () => undefined,
    endLevel: (level) => say(doneLine(level)),
    search: ({ candidate, secondsLeft }) =>
      show(`measuring ${candidate}${secondsLeft === undefined ? '' : `, at most ${durationText(secondsLeft)} left`}`),
    trial: { startLevel: () => undefined, endLevel: () => undefined },
    close: () => undefined,
  };
}
