import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Html, html, trusted } from './html.js';

/** What a page holds. */
export interface Page {
  readonly title: string;
  readonly body: Html;
  /** The tool that wrote it. */
  readonly footer: string;
  /** The page fills itself from the server that it came from. */
  readonly isLive?: boolean;
}

/**
 * One self-contained HTML file: its policy forbids every request (but those of a live page to its own server), and allows one style
 * and one script by their digests.
 * Everything can be read without the script, which adds what moves.
 */
export function formatPage({ title, body, footer, isLive = false }: Page): string {
  const style = asset('page.css');
  const script = asset(isLive ? 'live.js' : 'page.js');
  const policy = [
    "default-src 'none'",
    `style-src '${digest(style)}'`,
    `script-src '${digest(script)}'`,
    ...(isLive ? ["connect-src 'self'", "frame-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
${body}
<footer>${footer}</footer>
<script>${trusted(script)}</script>
</body>
</html>
`.markup;
}

const asset = (name: string): string =>
  readFileSync(new URL(`../../../reports/html/assets/${name}`, import.meta.url), 'utf8');

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
