import test from 'ava';
import { type ParseState, ResponseParser } from '../../../../analyzer/wire/http1/response-parser.js';

interface Parsed {
  readonly state: ParseState;
  readonly status: number;
  readonly body: string;
  readonly keepsAlive: boolean;
  readonly headerLength: number | undefined;
  readonly violation: string | undefined;
}

/** Feeds `text` in pieces that end at the given positions. */
function parse(text: string, cuts: readonly number[] = []): Parsed {
  let body = '';
  const parser = new ResponseParser((bytes, from, to) => {
    body += bytes.toString('latin1', from, to);
  });
  let state: ParseState = 'more';
  const bytes = Buffer.from(text, 'latin1');
  const ends = [...cuts, bytes.length];
  for (const [index, end] of ends.entries()) {
    const piece = Buffer.from(bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
    state = parser.feed(piece, piece.length);
    piece.fill(0); // the read buffer is used again
  }
  const { status, keepsAlive, inferenceHeaderLength } = parser.head;
  if (state === 'more' && parser.isWholeAtEnd()) state = 'done';
  return { state, status, body, keepsAlive, headerLength: inferenceHeaderLength, violation: parser.violation };
}

const ok = { state: 'done', status: 200, keepsAlive: true, headerLength: undefined, violation: undefined } as const;

const responses: readonly { readonly title: string; readonly text: string; readonly expected: Parsed }[] = [
  {
    title: 'content-length',
    text: 'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello',
    expected: { ...ok, body: 'hello' },
  },
  {
    title: 'no body, no reason, odd case and spaces',
    text: 'HTTP/1.1 200\r\ncOnTeNt-LeNgTh:\t 0 \r\nConnection:Keep-Alive\r\n\r\n',
    expected: { ...ok, body: '' },
  },
  {
    title: 'JSON with binary',
    text: 'HTTP/1.1 200 OK\r\ninference-header-content-length: 2\r\ncontent-length: 4\r\n\r\n{}ab',
    expected: { ...ok, body: '{}ab', headerLength: 2 },
  },
  {
    title: 'chunked, with extensions and trailers',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
    expected: { ...ok, body: 'abc0123456789' },
  },
  {
    title: 'a body that ends with the connection',
    text: 'HTTP/1.1 200 OK\r\nServer: x\r\n\r\nas long as it takes',
    expected: { ...ok, body: 'as long as it takes', keepsAlive: false },
  },
  {
    title: 'close among other options',
    text: 'HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx',
    expected: { ...ok, body: 'x', keepsAlive: false },
  },
  {
    title: 'HTTP/1.0',
    text: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx',
    expected: { ...ok, body: 'x', keepsAlive: false },
  },
  {
    title: 'HTTP/1.0 that stays',
    text: 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx',
    expected: { ...ok, body: 'x' },
  },
  {
    title: 'interim responses first',
    text: 'HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\nno',
    expected: { ...ok, status: 400, body: 'no' },
  },
  { title: '204', text: 'HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n', expected: { ...ok, status: 204, body: '' } },
  {
    title: '304 that tells a length',
    text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
    expected: { ...ok, status: 304, body: '' },
  },
  {
    title: 'bare line feeds',
    text: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhi',
    expected: { ...ok, body: 'hi' },
  },
];

for (const { title, text, expected } of responses) {
  test(`ResponseParser reads ${title}, cut anywhere`, (t) => {
    t.deepEqual(parse(text), expected);
    for (let first = 1; first < text.length; first++) {
      t.deepEqual(parse(text, [first]), expected, `cut at ${first}`);
      for (let second = first + 1; second < text.length; second++) {
        if (parse(text, [first, second]).body !== expected.body) t.fail(`cut at ${first} and ${second}`);
      }
    }
    const everywhere = Array.from({ length: text.length - 1 }, (_, index) => index + 1);
    t.deepEqual(parse(text, everywhere), expected);
  });
}

const broken: readonly (readonly [text: string, violation: RegExp])[] = [
  ['HTTP/2 200 OK\r\n', /status line/],
  ['HTTP/1.1 2x0 OK\r\n', /status line/],
  ['HTTP/1.1 2000 OK\r\n', /status line/],
  ['HTTP/1.1 099 OK\r\n', /status line/],
  ['\r\n', /status line/],
  ['HTTP/1.1 101 Switching Protocols\r\n\r\n', /switches/],
  ['HTTP/1.1 200 OK\r\nno colon\r\n', /not a header field/],
  ['HTTP/1.1 200 OK\r\n: no name\r\n', /not a header field/],
  ['HTTP/1.1 200 OK\r\nA: b\r\n folded: c\r\n', /not a header field/],
  ['HTTP/1.1 200 OK\r\nContent-Length: \r\n', /content-length/],
  ['HTTP/1.1 200 OK\r\nContent-Length: -1\r\n', /content-length/],
  ['HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n', /content-length/],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n', /content-length/],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', /both/],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', /chunk size/],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n', /chunk size/],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n', /longer than it said/],
  [`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(70_000)}`, /longer than 65536/],
];

for (const [text, violation] of broken) {
  test(`ResponseParser refuses ${JSON.stringify(text.slice(0, 60))}`, (t) => {
    const { state, violation: actual } = parse(text);
    t.is(state, 'broken');
    t.regex(actual ?? '', violation);
  });
}

test('ResponseParser takes a response with more behind it, but not its connection', (t) => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy';
  t.deepEqual(parse(text), { ...ok, body: 'x', keepsAlive: false });
});

test('ResponseParser is not whole in the middle of a body of known length', (t) => {
  t.is(parse('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell').state, 'more');
  t.is(parse('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n').state, 'more');
  t.is(parse('HTTP/1.1 200 OK\r\nContent-Le').state, 'more');
});

test('ResponseParser recognises the last head, and nothing but it', (t) => {
  const seen: string[] = [];
  const parser = new ResponseParser((bytes, from, to) => seen.push(bytes.toString('latin1', from, to)));
  const shared = Buffer.alloc(1000);
  const read = (...pieces: readonly string[]): void => {
    parser.reset();
    const states = pieces.map((piece) => parser.feed(shared, shared.write(piece, 'latin1')));
    seen.push(`${states.join()} ${parser.head.status} ${parser.head.keepsAlive}`);
  };
  const answer = (status: number, body: string): string =>
    `HTTP/1.1 ${status} Fine\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  read(answer(200, 'one'));
  read(answer(200, 'two'));
  read(answer(503, 'six'));
  read(answer(503, 'ten'));
  read(answer(200, 'cut').slice(0, 9), answer(200, 'cut').slice(9));
  read(answer(503, 'end'));
  read(answer(503, 'end'), '');
  read(`HTTP/1.1 100 Continue\r\n\r\n${answer(200, 'yes')}`);
  read(answer(200, 'yes!'), '');
  read(answer(200, 'yes!').slice(0, -2), 's!');
  read(`${answer(200, 'more')}more`);
  read(answer(200, 'more'));
  t.deepEqual(seen, [
    ...['one', 'done 200 true', 'two', 'done 200 true', 'six', 'done 503 true', 'ten', 'done 503 true'],
    ...['cut', 'more,done 200 true', 'end', 'done 503 true', 'end', 'done,done 503 true', 'yes', 'done 200 true'],
    ...[
      'yes!',
      'done,done 200 true',
      'ye',
      's!',
      'more,done 200 true',
      'more',
      'done 200 false',
      'more',
      'done 200 true',
    ],
  ]);
});

test('ResponseParser reads the next response after a reset', (t) => {
  const parser = new ResponseParser(() => undefined);
  for (const status of [200, 503, 200]) {
    parser.reset();
    const bytes = Buffer.from(`HTTP/1.1 ${status} X\r\nContent-Length: 3\r\n\r\nabc`);
    t.is(parser.feed(bytes, bytes.length), 'done');
    t.is(parser.head.status, status);
  }
});
