import type { InferenceService } from '../inference-service.js';
import type { LogSettings } from '../logging/server-log.js';
import type { TraceSettings } from '../tracing/trace-settings.js';

type Message = Readonly<Record<string, unknown>>;

/** The answers of the calls about settings, by their names; a call that names no setting changes none. */
export function settingsAnswers(
  service: Pick<InferenceService, 'log' | 'trace'>,
): Readonly<Record<string, (request: Message) => Message>> {
  return {
    LogSettings: (request) => {
      const changes = new Map(settingsIn(request).map(([name, value]) => [name, choiceOf(value)]));
      return { settings: logMessage(changes.size === 0 ? service.log.settings : service.log.update(changes)) };
    },
    TraceSetting: (request) => {
      const model = typeof request['model_name'] === 'string' ? request['model_name'] : '';
      const changes = new Map(settingsIn(request).map(([name, value]) => [name, value['value'] as readonly string[]]));
      return {
        settings: traceMessage(
          changes.size === 0 ? service.trace.settings(model) : service.trace.update(model, changes),
        ),
      };
    },
  };
}

const settingsIn = (request: Message): [string, Message][] =>
  Object.entries((request['settings'] ?? {}) as Readonly<Record<string, Message>>);

/** The one member of a value that is set. */
const choiceOf = (value: Message): unknown => value[String(value['parameter_choice'])];

function logMessage(settings: LogSettings): Message {
  const member = (value: string | number | boolean) =>
    typeof value === 'boolean'
      ? { bool_param: value }
      : typeof value === 'number'
        ? { uint32_param: value }
        : { string_param: value };
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, member(value)]));
}

const traceMessage = (settings: TraceSettings): Message =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { value: [value].flat() }]));
