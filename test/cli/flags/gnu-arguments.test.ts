import test from 'ava';
import { gnuArguments, type KnownFlags } from '../../../src/cli/flags/gnu-arguments.js';
import { PerfError } from '../../../src/core/perf-error.js';

const known: KnownFlags = {
  declared: [
    { names: ['m', 'model-name'], takesValue: true },
    { names: ['p', 'measurement-interval'], takesValue: true },
    { names: ['measurement-mode'], takesValue: true },
    { names: ['request-rate'], takesValue: true },
    { names: ['request-rate-range'], takesValue: true },
    { names: ['v', 'verbose'], takesValue: false },
    { names: ['H', 'header', 'headers'], takesValue: true },
  ],
  foreign: [
    { name: 'model-signature', subject: 'another server', hint: 'Use another.' },
    { name: 'enable-mpi', subject: 'MPI', hint: 'Do without.' },
    { name: 'c', subject: 'the past', hint: 'Use --concurrency-range.' },
  ],
};

const cases: readonly (readonly [title: string, args: readonly string[], written: readonly string[]])[] = [
  ['a full name', ['--measurement-interval', '5'], ['--measurement-interval', '5']],
  ['a prefix of one flag', ['--measurement-i', '5'], ['--measurement-interval', '5']],
  ['a prefix with its value', ['--measurement-i=5'], ['--measurement-interval=5']],
  ['a value that holds = and line ends', ['--hea=a=b\nc'], ['--header=a=b\nc']],
  ['a full name that is a prefix of another', ['--request-rate', '5'], ['--request-rate', '5']],
  ['a prefix of several names of one flag', ['--head', 'a:b'], ['--header', 'a:b']],
  ['an unknown flag', ['--bogus'], ['--bogus']],
  ['a cluster of short flags', ['-vm', 'x'], ['-v', '-m', 'x']],
  ['a value behind its short flag', ['-vp5000'], ['-v', '-p=5000']],
  ['a value behind = ', ['-p=5000'], ['-p=5000']],
  ['an unknown short flag', ['-vq'], ['-vq']],
  ['a negative number', ['-m', '-1'], ['-m', '-1']],
  ['what follows --', ['--verb', '--', '--verb'], ['--verbose', '--', '--verb']],
  ['a switch with yes', ['--verb=ON', '--verbose=1'], ['--verbose=true', '--verbose=true']],
  ['a switch with no', ['--verbose=0', '--verbose=false'], ['--verbose=false', '--verbose=false']],
  ['a lone dash', ['-m', '-'], ['-m', '-']],
];
for (const [title, args, written] of cases) {
  test(`gnuArguments writes out ${title}`, (t) => {
    t.deepEqual(gnuArguments(args, known), written);
  });
}

const refused: readonly (readonly [argument: string, says: string])[] = [
  ['--me', 'Cannot use --me: expected one of --measurement-interval, --measurement-mode, got a prefix of them all'],
  ['--model', 'expected one of --model-name, --model-signature'],
  ['--enable', 'Cannot use --enable-mpi'],
  ['--enable-mpi', 'Cannot use --enable-mpi: expected a flag that --help lists, got one for MPI'],
  ['-vc', 'Cannot use -c'],
  ['--verb=maybe', "Cannot use --verbose: expected true or false, got 'maybe'"],
];
for (const [argument, says] of refused) {
  test(`gnuArguments refuses ${argument}`, (t) => {
    const refusal = t.throws(() => gnuArguments([argument], known), { instanceOf: PerfError });
    t.is(refusal?.code, 'usage');
    t.true(refusal?.message.includes(says), refusal?.message);
  });
}
