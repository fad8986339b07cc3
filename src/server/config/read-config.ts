import { messageOf, PerfError } from '../../core/perf-error.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { modelConfigFromJson, parseModelConfig } from '../../protocol/model-config-codec.js';

/**
 * Reads the text of a `config.pbtxt`.
 *
 * @param path for the message
 * @throws PerfError in one line: `<path>:<line>: unknown field 'x' in ModelConfig`
 */
export function readConfigText(text: string, path: string): ModelConfig {
  try {
    return parseModelConfig(text);
  } catch (thrown) {
    const message = messageOf(thrown);
    const line = /\(line (\d+)\)$/.exec(message)?.[1] ?? firstFailingLine(text, message);
    const position = line === undefined ? path : `${path}:${line}`;
    throw new PerfError('model', `${position}: ${describe(message)}${quoteLine(text, Number(line))}`, {
      cause: thrown,
    });
  }
}

/**
 * Reads the `config` parameter of a load request: proto3 JSON.
 *
 * @throws PerfError that names the unknown or mistyped member
 */
export function readConfigJson(text: string): ModelConfig {
  try {
    return modelConfigFromJson(JSON.parse(text));
  } catch (thrown) {
    throw new PerfError('model', `load parameter 'config': ${describe(messageOf(thrown))}`, { cause: thrown });
  }
}

/** `.inference.ModelInput: unknown field 'bar' (line 3)` becomes `unknown field 'bar' in ModelInput`. */
function describe(message: string): string {
  const bare = message.replace(/ \(line \d+\)$/, '');
  const [, scope, rest] = /^\.inference\.([\w.]+): (.*)$/s.exec(bare) ?? [];
  return (scope === undefined ? bare : `${rest} in ${scope}`).replace(/\s+/g, ' ');
}

/** Some errors carry no line: it is the first one whose text up to there fails in the same way. */
function firstFailingLine(text: string, message: string): string | undefined {
  const lines = text.split('\n').slice(0, 2000);
  const index = lines.findIndex((_, last) => failure(lines.slice(0, last + 1).join('\n')) === message);
  return index < 0 ? undefined : String(index + 1);
}

function failure(text: string): string | undefined {
  try {
    parseModelConfig(text);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

function quoteLine(text: string, line: number): string {
  const content = text.split('\n')[line - 1]?.trim();
  return content ? `, got: ${content}` : '';
}
