import { existsSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { type Browser, chromium, type Page } from 'playwright-core';

const executable = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export interface OpenPage {
  readonly page: Page;
  /** What went wrong in it: messages of the console, errors of scripts, and requests for anything but the file, or the server, itself. */
  readonly complaints: string[];
}

export interface OpenBrowser extends AsyncDisposable {
  /** @param place a file, or the address of a page that may ask its own server */
  open(place: string, options?: PageOptions): Promise<OpenPage>;
}

export interface PageOptions {
  readonly width?: number;
  readonly hasScript?: boolean;
  readonly isDark?: boolean;
}

/** Starts Chromium; `undefined`, and said aloud, where there is none (on Debian: `apt-get install chromium`). */
export async function openBrowser(t: ExecutionContext): Promise<OpenBrowser | undefined> {
  if (!existsSync(executable)) {
    t.log(`NOT CHECKED: no Chromium at ${executable}; install it, or name another with CHROMIUM.`);
    t.pass();
    return undefined;
  }
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'], timeout: 100_000 });
  return {
    open: (place, options) => openPage(browser, place, options),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function openPage(browser: Browser, place: string, options: PageOptions = {}): Promise<OpenPage> {
  const { width = 1400, hasScript = true, isDark = false } = options;
  const complaints: string[] = [];
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    javaScriptEnabled: hasScript,
    colorScheme: isDark ? 'dark' : 'light',
  });
  const isServed = place.startsWith('http:');
  const address = isServed ? place : `file://${place}`;
  const isOwn = (url: string): boolean => (isServed ? url.startsWith(address) : url === address);
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('request', (request) => {
    if (!isOwn(request.url())) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  return { page, complaints };
}
