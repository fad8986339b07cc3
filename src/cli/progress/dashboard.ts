import type { LevelView } from '../../../analyzer/measure/level-view.js';
import type { Level } from '../../core/run.js';
import { doneLine } from './level-line.js';
import { liveLine } from './live-line.js';
import type { LevelPlan, Progress, SearchView } from './progress.js';
import { fits, renderDashboard } from './render-dashboard.js';
import { createScreen, type TerminalFile } from './screen.js';
import { guardTerminal } from './terminal-guard.js';
import { terminalText } from './terminal-text.js';

/** Seldom enough to cost the load nothing: a picture takes a fraction of a millisecond. */
const refreshMs = 500;
const keptRates = 240;

/**
 * The whole terminal while levels are measured, and a line at its bottom before and after. What was said meanwhile is written when
 * the terminal is back as it was, so that nothing is lost. A terminal that is too small has the line alone.
 */
export function dashboard(stream: NodeJS.WriteStream, terminal: TerminalFile): Progress {
  const line = liveLine(stream);
  const screen = createScreen(terminal);
  const parent = process.ppid;
  const said: string[] = [];
  const levels: Level[] = [];
  const rate = createRateMeter();
  let unwritten: string[] = [];
  let running: { readonly view: () => LevelView; readonly plan: LevelPlan } | undefined;
  let search: SearchView | undefined;
  let startedAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopGuarding: () => void = () => undefined;

  const draw = (): void => {
    if (!screen.isOpen || running === undefined) return;
    const view = running.view();
    const elapsedMs = performance.now() - (startedAt ?? 0);
    const { columns, rows } = stream;
    screen.draw(
      renderDashboard(
        { view, plan: running.plan, elapsedMs, rates: rate.with(view), levels, search, said },
        { columns, rows },
      ),
    );
  };
  const restore = (): void => {
    if (!screen.isOpen) return;
    screen.close();
    terminal.writeAll(Buffer.from(terminalText(unwritten.map((text) => `${text}\n`).join(''))));
    unwritten = [];
  };
  const close = (): void => {
    clearInterval(timer);
    timer = undefined;
    stream.off('resize', draw);
    restore();
    stopGuarding();
  };
  const tick = (): void => {
    // Who started us is gone: the terminal belongs to somebody else now.
    if (process.ppid !== parent) close();
    else draw();
  };
  const open = (): void => {
    if (timer !== undefined || process.ppid !== parent || !fits(stream)) return;
    line.close();
    screen.open();
    stopGuarding = guardTerminal({
      restore,
      resume: () => {
        screen.open();
        draw();
      },
    });
    stream.on('resize', draw);
    timer = setInterval(tick, refreshMs);
    timer.unref();
  };
  const startLevel: Progress['startLevel'] = (view, plan) => {
    running = { view, plan };
    startedAt ??= performance.now();
    rate.startLevel();
    open();
    draw();
  };
  const say = (text: string): void => {
    if (screen.isOpen) {
      said.push(text);
      unwritten.push(text);
      draw();
    } else {
      line.say(text);
    }
  };
  return {
    say,
    show: (what, fraction) => {
      if (!screen.isOpen) line.show(what, fraction);
    },
    startRun: () => undefined,
    startLevel: (view, plan) => {
      startLevel(view, plan);
      if (!screen.isOpen) line.startLevel(view, plan);
    },
    endLevel: (level) => {
      levels.push(level);
      running = undefined;
      if (screen.isOpen) unwritten.push(doneLine(level));
      else line.endLevel(level);
    },
    search: (view) => {
      search = view;
      if (!screen.isOpen) line.search(view);
    },
    trial: {
      startLevel,
      endLevel: () => {
        running = undefined;
      },
    },
    close: () => {
      close();
      line.close();
    },
  };
}

/** Answers a second between one picture and the next. */
function createRateMeter(): {
  readonly startLevel: () => void;
  readonly with: (view: LevelView) => readonly number[];
} {
  let rates: readonly number[] = [];
  let last: { readonly requests: number; readonly at: number } | undefined;
  return {
    startLevel: () => {
      last = undefined;
    },
    with: ({ answeredRequests: requests, elapsedMs: at }) => {
      if (last !== undefined && at - last.at >= refreshMs / 2) {
        rates = [...rates, (1000 * (requests - last.requests)) / (at - last.at)].slice(-keptRates);
      }
      if (last === undefined || at - last.at >= refreshMs / 2) last = { requests, at };
      return rates;
    },
  };
}
