import type { Run } from '../../src/core/run.js';
import { type Html, html } from './html.js';

/** Everything that the run was made with, and on what. */
export function runFacts(run: Run): Html {
  const { settings, machine, server, servers = [server], model, models = [model] } = run;
  return html`${factTable('Settings', settings)}
${factTable('Client machine', machine)}
${servers.map((each) => factTable('Server', each))}
${models.map(({ config, ...facts }) => html`${factTable('Model', facts)}${modelConfig(facts.name, config)}`)}`;
}

const modelConfig = (name: string, config: unknown): Html | undefined =>
  config === undefined
    ? undefined
    : html`<details><summary>Configuration of ${name}</summary><pre>${JSON.stringify(config, null, 2)}</pre></details>\n`;

function factTable(title: string, facts: object): Html {
  const rows = flatten('', facts);
  return html`<details><summary>${title}</summary><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="facts"><tbody>
${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>\n`)}</tbody></table></div></details>\n`;
}

/** Nested names joined by dots; lists on one line. */
function flatten(prefix: string, value: unknown): [name: string, value: string][] {
  if (Array.isArray(value)) return value.length === 0 ? [] : [[prefix, listText(value)]];
  if (typeof value !== 'object' || value === null) return [[prefix, String(value)]];
  return Object.entries(value).flatMap(([name, inner]) => flatten(prefix === '' ? name : `${prefix}.${name}`, inner));
}

/** A long list, such as a schedule, by how it begins. */
function listText(list: readonly unknown[]): string {
  const shown = list.slice(0, 50).map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item)));
  return `${shown.join(', ')}${list.length > shown.length ? `, ... (${list.length})` : ''}`;
}
