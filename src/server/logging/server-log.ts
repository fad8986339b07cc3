import { shown } from '../../protocol/json.js';
import { RefusalError } from '../refusal.js';

export const logFormats = ['default', 'ISO8601'] as const;

/** The logging extension (v2 protocol, 2.9); member names are the protocol's. */
export interface LogSettings {
  /** Where lines are appended; '' = they go to standard error. */
  readonly log_file: string;
  readonly log_info: boolean;
  readonly log_warning: boolean;
  readonly log_error: boolean;
  /** From 1 on, every inference is told. */
  readonly log_verbose_level: number;
  /** `default`: the line alone. `ISO8601`: time and severity before it. */
  readonly log_format: (typeof logFormats)[number];
}

const defaultLogSettings: LogSettings = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
};

/** Settings by name as they came. */
export type LogChanges = ReadonlyMap<string, unknown>;

/** The server's log. A line says how grave it is by its beginning: `warning: `, `error: `, `internal error: `. */
export class ServerLog {
  readonly #write: (line: string) => void;
  readonly #now: () => Date;
  #settings: LogSettings;

  constructor(write: (line: string) => void, settings: Partial<LogSettings> = {}, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
    this.#settings = { ...defaultLogSettings, ...settings };
  }

  get settings(): LogSettings {
    return this.#settings;
  }

  readonly say = (line: string): void => {
    const severity = severityOf(line);
    if (this.#settings[severity]) this.#print(line, letters[severity]);
  };

  /** Says what is worth a line only to those who look closely; without them it is not even put together. */
  verbose(level: number, line: () => string): void {
    if (this.#settings.log_verbose_level >= level) this.#print(line(), 'V');
  }

  /**
   * Changes all of the settings or none; names that it does not know are left out, as Triton does.
   *
   * @throws RefusalError `unsupported` for the file, `invalid-argument` for a value of another kind
   */
  update(changes: LogChanges): LogSettings {
    if (changes.has('log_file')) {
      throw new RefusalError('unsupported', 'log file location can not be updated through network protocol');
    }
    const known = [...changes].filter(([name]) => Object.hasOwn(kinds, name));
    for (const [name, value] of known) checkKind(name, value);
    this.#settings = { ...this.#settings, ...Object.fromEntries(known) };
    return this.#settings;
  }

  #print(line: string, letter: string): void {
    const isPlain = this.#settings.log_format === 'default';
    this.#write(isPlain ? line : `${this.#now().toISOString().slice(0, 19)}Z ${letter} ${line}`);
  }
}

type Severity = 'log_info' | 'log_warning' | 'log_error';

const letters: Readonly<Record<Severity, string>> = { log_info: 'I', log_warning: 'W', log_error: 'E' };

function severityOf(line: string): Severity {
  if (line.startsWith('warning: ')) return 'log_warning';
  return /^(?:internal )?error: /.test(line) ? 'log_error' : 'log_info';
}

interface Kind {
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

const yesOrNo: Kind = { expected: 'a boolean', fits: (value) => typeof value === 'boolean' };

const kinds: Readonly<Record<Exclude<keyof LogSettings, 'log_file'>, Kind>> = {
  log_info: yesOrNo,
  log_warning: yesOrNo,
  log_error: yesOrNo,
  log_verbose_level: {
    expected: 'an unsigned 32-bit integer',
    fits: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32,
  },
  log_format: {
    expected: `one of ${logFormats.join(', ')}`,
    fits: (value) => logFormats.some((format) => format === value),
  },
};

function checkKind(name: string, value: unknown): void {
  const { expected, fits } = kinds[name as keyof typeof kinds];
  if (fits(value)) return;
  throw new RefusalError('invalid-argument', `log setting '${name}' must be ${expected}, got ${shown(value)}`);
}
