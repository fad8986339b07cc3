import { createLogUpdate } from 'log-update';
import type { LevelView } from '../../../analyzer/measure/level-view.js';
import { doneLine, runningLine } from './level-line.js';
import type { LevelPlan, Progress } from './progress.js';

const refreshMs = 200;

/** Live lines where standard error is a terminal, plain lines otherwise. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY === true ? liveProgress(stream) : plainProgress(stream);
}

function plainProgress(stream: NodeJS.WritableStream): Progress {
  const say = (line: string): void => {
    stream.write(`${line}\n`);
  };
  let shown = '';
  return {
    say,
    show: (what) => {
      if (what !== shown) say(`${what} ...`);
      shown = what;
    },
    startLevel: () => undefined,
    endLevel: (level) => say(doneLine(level)),
    close: () => undefined,
  };
}

function liveProgress(stream: NodeJS.WriteStream): Progress {
  const update = createLogUpdate(stream, { showCursor: true });
  let timer: NodeJS.Timeout | undefined;
  const stopTimer = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const say = (line: string): void => {
    update.clear();
    stream.write(`${line}\n`);
  };
  return {
    say,
    show: (what, fraction) =>
      update(fraction === undefined ? `${what} ...` : `${what} ${bar(fraction)} ${Math.round(fraction * 100)} %`),
    startLevel: (view: () => LevelView, plan: LevelPlan) => {
      stopTimer();
      const draw = (): void => update(runningLine(view(), plan));
      draw();
      timer = setInterval(draw, refreshMs);
    },
    endLevel: (level) => {
      stopTimer();
      say(doneLine(level));
    },
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
