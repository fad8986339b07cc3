/**
 * The cells of a CSV text, line by line (RFC 4180): quoted cells may hold commas, doubled quotes and line ends. A byte order mark is none of them.
 *
 * @param broken makes what is thrown for a cell that is no such thing, from the number of its line, blank ones not counted, and the text there
 */
export function csvCells(text: string, broken: (line: number, found: string) => Error): string[][] {
  const whole = text.replace(/^\uFEFF/, '');
  const lines: string[][] = [];
  let line: string[] = [];
  let read = 0;
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  for (const { 0: cell, 1: quoted, 2: plain = '', 3: end, index } of whole.matchAll(cells)) {
    read = index + cell.length;
    line.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    if (line.length > 1 || line[0] !== '') lines.push(line);
    line = [];
  }
  if (read < whole.length) throw broken(lines.length + 1, whole.slice(read, read + 20));
  return lines;
}
