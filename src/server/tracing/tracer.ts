import type { Clock } from '../../core/clock.js';
import type { InferRequest, InferResponse } from '../../protocol/infer.js';
import type { ExecutionTimes } from '../statistics/version-statistics.js';
import { TraceFile } from './trace-file.js';
import {
  defaultTraceSettings,
  type TraceChanges,
  type TraceOverrides,
  type TraceSettings,
  withChanges,
} from './trace-settings.js';
import { headText, tensorText, timestampsText } from './trace-text.js';

export interface TracerOptions {
  /** What the operator asked for; clients clear down to it. */
  readonly settings?: Partial<TraceSettings> | undefined;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** Runs a request and says when it executed, if it did. */
export type TracedInfer = (onExecuted: (times: ExecutionTimes) => void) => Promise<InferResponse>;

/** Settings of the server, or those of a model that differ from it. */
interface Scope {
  overrides: TraceOverrides;
  seen: number;
  /** -1 = no end. */
  remaining: number;
  readonly collected: string[];
}

const newScope = (): Scope => ({ overrides: {}, seen: 0, remaining: -1, collected: [] });

/** The trace extension: a model has the server's settings but for those that were set for it. */
export class Tracer implements AsyncDisposable {
  readonly #base: TraceSettings;
  readonly #clock: Clock;
  readonly #log: (line: string) => void;
  readonly #file: TraceFile;
  readonly #server = newScope();
  readonly #models = new Map<string, Scope>();
  #lastId = 0;
  #isOn = false;

  constructor({ settings, clock, log }: TracerOptions) {
    this.#base = { ...defaultTraceSettings, ...settings };
    this.#clock = clock;
    this.#log = log;
    this.#file = new TraceFile(this.#base.trace_file, log);
    this.#server.remaining = Number(this.#base.trace_count);
    this.#refreshIsOn();
  }

  /** @param model '' = the server's */
  settings(model: string): TraceSettings {
    const scope = this.#scopeOf(model);
    return { ...this.#effective(scope), trace_count: String(scope.remaining) };
  }

  /**
   * Changes all of the settings or none.
   *
   * @param model '' = the server's
   * @throws RefusalError for what cannot be set
   */
  update(model: string, changes: TraceChanges): TraceSettings {
    const old = model === '' ? this.#server : (this.#models.get(model) ?? newScope());
    const overrides = withChanges(old.overrides, changes);
    this.#write(old);
    const scope: Scope = { ...newScope(), overrides };
    if (model === '') Object.assign(this.#server, { ...scope, collected: this.#server.collected });
    else if (Object.keys(overrides).length > 0) this.#models.set(model, scope);
    else this.#models.delete(model);
    this.#recount(model === '' ? [this.#server, ...this.#models.values()] : [scope]);
    this.#refreshIsOn();
    const settings = this.settings(model);
    if (settings.trace_file === '' && settings.trace_level[0] !== 'OFF') {
      this.#log('warning: nothing is traced without a trace file (--trace-config triton,file=PATH)');
    }
    return settings;
  }

  /** Whether any request may be traced; without it nothing is spent on them. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Runs a request, and traces it when it is its turn. Settles as `infer` does. */
  async run(request: InferRequest, version: string, infer: TracedInfer): Promise<InferResponse> {
    const scope = this.#models.get(request.modelName) ?? this.#server;
    const settings = this.#effective(scope);
    if (!this.#isTurn(scope, settings)) return infer(() => undefined);
    const id = ++this.#lastId;
    let execution: ExecutionTimes | undefined;
    let response: InferResponse | undefined;
    const start = this.#clock.now();
    try {
      response = await infer((times) => {
        execution = times;
      });
      return response;
    } finally {
      const times = { start, execution, end: this.#clock.now() };
      const { modelName, id: requestId } = request;
      const parts = [headText({ id, modelName, modelVersion: version, requestId })];
      if (settings.trace_level.includes('TIMESTAMPS')) parts.push(timestampsText(id, times));
      // Only of requests that were found valid, and before the promise settles: then their buffers are used again.
      if (settings.trace_level.includes('TENSORS') && response !== undefined) {
        parts.push(...request.inputs.map((input) => tensorText(id, 'TENSOR_QUEUE_INPUT', input)));
        parts.push(...response.outputs.map((output) => tensorText(id, 'TENSOR_BACKEND_OUTPUT', output)));
      }
      this.#collect(scope, parts.join(','));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const scope of [this.#server, ...this.#models.values()]) this.#write(scope);
    await this.#file[Symbol.asyncDispose]();
  }

  #scopeOf(model: string): Scope {
    return (model === '' ? undefined : this.#models.get(model)) ?? this.#server;
  }

  #effective(scope: Scope): TraceSettings {
    return { ...this.#base, ...this.#server.overrides, ...scope.overrides };
  }

  #refreshIsOn(): void {
    const scopes = [this.#server, ...this.#models.values()];
    const isTracing = (scope: Scope) => this.#effective(scope).trace_level[0] !== 'OFF';
    this.#isOn = this.#base.trace_file !== '' && scopes.some(isTracing);
  }

  #recount(scopes: readonly Scope[]): void {
    for (const scope of scopes) scope.remaining = Number(this.#effective(scope).trace_count);
  }

  #isTurn(scope: Scope, { trace_level, trace_rate, trace_file }: TraceSettings): boolean {
    const rate = Number(trace_rate);
    if (trace_level[0] === 'OFF' || trace_file === '' || rate === 0 || scope.remaining === 0) return false;
    scope.seen++;
    if (scope.seen % rate !== 0) return false;
    if (scope.remaining > 0) scope.remaining--;
    return true;
  }

  #collect(scope: Scope, trace: string): void {
    const frequency = Number(this.#effective(scope).log_frequency);
    if (frequency === 0) {
      this.#file.append(trace);
      return;
    }
    scope.collected.push(trace);
    if (scope.collected.length >= frequency) this.#write(scope);
  }

  #write({ collected }: Scope): void {
    if (collected.length > 0) this.#file.writeApart(collected.splice(0));
  }
}
