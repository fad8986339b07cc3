import test from 'ava';
import yargs from 'yargs';
import { commands } from '../../src/cli/commands.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { withManual } from '../../src/cli/format-manual.js';

const helpOf = async ({ load, manual }: (typeof commands)[number]): Promise<string> =>
  withManual((await load()).flags(yargs([]).scriptName('perf-analyze').wrap(120)), manual).getHelp();

test('withManual makes a help of call, description, flags, examples, values and exit codes, in this order', async (t) => {
  const compare = commands.find(({ usage }) => usage.startsWith('compare'));
  const help = compare === undefined ? '' : await helpOf(compare);
  t.regex(help, /^perf-analyze compare BASE\.json NEW\.json .*\n\nSays level by level /);
  const order = ['Comparison:', '--same-within', '[default: "5%"]', 'Examples:', 'Values:', 'Exit codes:'];
  const places = order.map((each) => help.indexOf(each));
  t.deepEqual(
    places,
    places.toSorted((left, right) => left - right),
  );
  t.false(places.includes(-1));
  t.regex(help, /^ {2}4 +a figure got worse/m);
});

test('every command says how it is called and with which codes it ends, from the table of all, rising', async (t) => {
  const known: readonly number[] = Object.values(exitCodes);
  for (const command of commands) {
    const { usage, manual } = command;
    const name = usage.split(' ', 1)[0] ?? '';
    const help = await helpOf(command);
    t.true(manual.description.endsWith('.'), name);
    t.true(name === '$0' || manual.synopsis.every((call) => call.startsWith(name)), name);
    const codes = manual.exits.map(([code]) => code);
    t.deepEqual(
      codes,
      codes.toSorted((left, right) => left - right),
      name,
    );
    t.true(codes.every((code) => known.includes(code)) && codes.includes(64), name);
    for (const [code, when] of manual.exits) {
      t.regex(help, new RegExp(`^ {2}${code} +${when.slice(0, 20).replace(/[()]/g, '.')}`, 'm'), name);
    }
    for (const [form] of manual.values) t.true(help.includes(`  ${form} `), `${name}: ${form}`);
  }
});
