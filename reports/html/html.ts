import { xmlText } from '../xml-text.js';

/** Markup that is safe to put into a page. */
export interface Html {
  readonly markup: string;
}

type HtmlValue = string | number | undefined | Html | readonly Html[];

/** A template whose values are escaped unless they are markup themselves; `undefined` leaves nothing. */
export const html = (parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html => ({
  markup: parts.map((part, index) => part + (index < values.length ? markupOf(values[index]) : '')).join(''),
});

/** Markup of our own making, in which every foreign text is escaped already. */
export const trusted = (markup: string): Html => ({ markup });

function markupOf(value: HtmlValue): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return xmlText(value);
  if (typeof value === 'number') return String(value);
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}
