import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const schemaOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../reports/schema/${name}.schema.json`, import.meta.url), 'utf8'));
const ajv = new Ajv2020({
  allErrors: true,
  formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) },
});
const validators = new Map<string, ValidateFunction>();

/** Compiled when it is first asked for, which takes a tenth of a second. */
function validatorOf(name: string): ValidateFunction {
  const known = validators.get(name) ?? ajv.compile(schemaOf(name));
  validators.set(name, known);
  return known;
}

/** What the published schema of a run, or of another document, has against a document; empty = valid. */
export function schemaErrors(document: unknown, name: 'run' | 'search' | 'variants' | 'plan' = 'run'): string[] {
  const validate = validatorOf(name);
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
