import { type Html, html } from './html.js';

/** A figure that is seen before any chart. */
export interface Tile {
  readonly name: string;
  readonly value: string;
  /** Or what else belongs behind the value. */
  readonly unit: string;
}

export const tileList = (tiles: readonly Tile[]): Html =>
  html`<dl class="tiles">${tiles.map(({ name, value, unit }) => html`<div><dt>${name}</dt><dd>${value} <span>${unit}</span></dd></div>`)}</dl>`;
