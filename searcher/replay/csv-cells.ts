/** The cells of a CSV text, line by line (RFC 4180): quoted cells may hold commas, doubled quotes and line ends. */
export function csvCells(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  for (const [, quoted, plain = '', end] of text.matchAll(cells)) {
    line.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    if (line.length > 1 || line[0] !== '') lines.push(line);
    line = [];
  }
  return lines;
}
