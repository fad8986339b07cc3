import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const schemaOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../reports/schema/${name}.schema.json`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({
  allErrors: true,
  formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) },
});
const validators = {
  run: ajv.compile(schemaOf('run')),
  search: ajv.compile(schemaOf('search')),
  plan: ajv.compile(schemaOf('plan')),
};

/** What the published schema of a run, or of another document, has against a document; empty = valid. */
export function schemaErrors(document: unknown, name: keyof typeof validators = 'run'): string[] {
  const validate = validators[name];
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
