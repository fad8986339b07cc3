import { createLogUpdate } from 'log-update';
import type { LevelView } from '../../../analyzer/measure/level-view.js';
import { doneLine, runningLine } from './level-line.js';
import type { LevelPlan, Progress } from './progress.js';
import { terminalText } from './terminal-text.js';

const refreshMs = 200;

/** One line at the bottom of a terminal that is drawn again and again, below the lines that stay. */
export function liveLine(stream: NodeJS.WriteStream): Progress {
  const update = createLogUpdate(stream, { showCursor: true });
  let timer: NodeJS.Timeout | undefined;
  const stopTimer = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const say = (line: string): void => {
    update.clear();
    stream.write(`${terminalText(line)}\n`);
  };
  const show = (what: string, fraction?: number): void =>
    update(
      terminalText(fraction === undefined ? `${what} ...` : `${what} ${bar(fraction)} ${Math.round(fraction * 100)} %`),
    );
  return {
    say,
    show,
    startRun: () => undefined,
    startLevel: (view: () => LevelView, plan: LevelPlan) => {
      stopTimer();
      const draw = (): void => update(terminalText(runningLine(view(), plan)));
      draw();
      timer = setInterval(draw, refreshMs);
    },
    endLevel: (level) => {
      stopTimer();
      say(doneLine(level));
    },
    search: ({ candidate }) => show(`measuring ${candidate}`),
    trial: { startLevel: () => undefined, endLevel: () => undefined },
    close: () => {
      stopTimer();
      update.clear();
      update.done();
    },
  };
}

function bar(fraction: number): string {
  const width = 24;
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
}
