import type { ModelConfig } from './model-config.js';
import { formatModelConfig, parseModelConfig } from './model-config-codec.js';

/** A field at the top of a configuration. */
export type EditedField = keyof ModelConfig;

/**
 * The text of a `config.pbtxt` with some fields of another configuration. What stands elsewhere stays as it is, comments and order
 * included; a field that is changed is written where it stood first, or at the end, with the line ends of the text.
 *
 * @throws Error when the text cannot be parsed
 */
export function editConfigText(text: string, wanted: ModelConfig, fields: readonly EditedField[]): string {
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  return fields.reduce((edited, field) => {
    const replacement = fieldText(wanted, field).replaceAll('\n', lineEnd);
    return replaceField(edited, field, { replacement, lineEnd });
  }, text);
}

/** One field alone, in text format; empty when it has its zero value. */
function fieldText(config: ModelConfig, field: EditedField): string {
  const only = { ...parseModelConfig(''), [field]: config[field] } as ModelConfig;
  return formatModelConfig(only).trim();
}

interface Replacement {
  readonly replacement: string;
  readonly lineEnd: string;
}

function replaceField(text: string, field: EditedField, { replacement, lineEnd }: Replacement): string {
  const places = topLevelFields(text).filter(({ name }) => name === field);
  const [first, ...others] = places;
  if (first === undefined) return replacement === '' ? text : [text.trimEnd(), replacement, ''].join(lineEnd);
  let edited = text;
  for (const { start, end } of others.toReversed())
    edited = edited.slice(0, start) + edited.slice(end).replace(/^[ \t]*\r?\n/, '');
  return edited.slice(0, first.start) + replacement + edited.slice(first.end);
}

interface Place {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Comments, strings, brackets, words and what separates them. */
const tokens = /#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}[\]<>]|[:,;]|[^\s{}[\]<>:,;#"']+/g;

/** Where the fields of the message itself stand, each with its value. */
function topLevelFields(text: string): Place[] {
  const fields: Place[] = [];
  let depth = 0;
  let name: { readonly text: string; readonly start: number } | undefined;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    depth += depthOf(token);
    if (depth > 0 || isSeparator(token)) continue;
    const last = fields.at(-1);
    if (name === undefined && isString(token) && last !== undefined) {
      fields[fields.length - 1] = { ...last, end: index + token.length };
    } else if (name === undefined) name = { text: token, start: index };
    else {
      fields.push({ name: name.text, start: name.start, end: index + token.length });
      name = undefined;
    }
  }
  return fields;
}

/** Strings that follow one another are one value. */
const isString = (token: string): boolean => /^["']/.test(token);

/** A value ends with the bracket that closes it, or is one word. */
const isSeparator = (token: string): boolean => /^(?:#|[:,;]$)/.test(token);

function depthOf(token: string): number {
  if (/^[{[<]$/.test(token)) return 1;
  return /^[}\]>]$/.test(token) ? -1 : 0;
}
