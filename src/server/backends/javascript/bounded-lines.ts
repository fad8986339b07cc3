import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** What is longer is cut: a text without line breaks must not fill the memory. */
const longestLine = 2_000;

/** Calls back with each line of a stream, and with what is left at its end. */
export function readLines(stream: Readable, take: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let line = '';
  stream.on('data', (bytes: Buffer) => {
    const [head = '', ...rest] = decoder.write(bytes).split('\n');
    line = (line + head).slice(0, longestLine);
    for (const next of rest) {
      take(line);
      line = next.slice(0, longestLine);
    }
  });
  stream.on('end', () => {
    if (line !== '') take(line);
  });
}
