import test from 'ava';
import { type LogSettings, ServerLog } from '../../../src/server/logging/server-log.js';

function open(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const log = new ServerLog(
    (line) => lines.push(line),
    settings,
    () => new Date('2026-01-02T03:04:05.678Z'),
  );
  return { log, lines };
}

const sayAll = (log: ServerLog) => {
  for (const line of ['ready', 'warning: crowded', 'error: broken', 'internal error: TypeError']) log.say(line);
};

test('ServerLog writes what the settings let through', (t) => {
  const { log, lines } = open({ log_warning: false });
  sayAll(log);
  t.deepEqual(lines.splice(0), ['ready', 'error: broken', 'internal error: TypeError']);
  log.update(
    new Map<string, unknown>([
      ['log_info', false],
      ['log_warning', true],
      ['log_error', false],
    ]),
  );
  sayAll(log);
  t.deepEqual(lines, ['warning: crowded']);
});

test('ServerLog puts time and severity before lines in ISO8601', (t) => {
  const { log, lines } = open({ log_format: 'ISO8601', log_verbose_level: 1 });
  sayAll(log);
  log.verbose(1, () => 'closely');
  t.deepEqual(lines, [
    '2026-01-02T03:04:05Z I ready',
    '2026-01-02T03:04:05Z W warning: crowded',
    '2026-01-02T03:04:05Z E error: broken',
    '2026-01-02T03:04:05Z E internal error: TypeError',
    '2026-01-02T03:04:05Z V closely',
  ]);
});

test('ServerLog puts verbose lines together only for those who want them', (t) => {
  const { log, lines } = open();
  log.verbose(1, () => t.fail() as never);
  log.update(new Map([['log_verbose_level', 1]]));
  log.verbose(1, () => 'one');
  log.verbose(2, () => t.fail() as never);
  t.deepEqual(lines, ['one']);
});

test('ServerLog changes all of the settings or none, and leaves out what it does not know', (t) => {
  const { log } = open();
  const before = log.settings;
  for (const [name, value, reason, message] of [
    ['log_file', 'x', 'unsupported', /log file location can not be updated through network protocol/],
    ['log_error', 1, 'invalid-argument', /'log_error' must be a boolean, got 1/],
    ['log_verbose_level', -1, 'invalid-argument', /'log_verbose_level' must be an unsigned 32-bit integer, got -1/],
    ['log_format', 'xml', 'invalid-argument', /'log_format' must be one of default, ISO8601, got "xml"/],
  ] as const) {
    const changes = new Map<string, unknown>([
      ['log_info', false],
      [name, value],
    ]);
    t.like(
      t.throws(() => log.update(changes), { message }),
      { reason },
    );
    t.deepEqual(log.settings, before);
  }
  t.deepEqual(
    log.update(
      new Map([
        ['__proto__', true],
        ['log_nothing', true],
      ]),
    ),
    before,
  );
});

test('ServerLog refuses a level that no number holds', (t) => {
  const { log } = open();
  t.throws(() => log.update(new Map([['log_verbose_level', 2n ** 64n]])), {
    message: "log setting 'log_verbose_level' must be an unsigned 32-bit integer, got 18446744073709551616",
  });
});
