import test from 'ava';
import { http2Transport } from '../../../../analyzer/wire/http2/http2-transport.js';
import { systemClock } from '../../../../src/core/clock.js';
import { frame } from '../../../../src/http2/frame.js';
import { encodeBlock } from '../../../../src/http2/hpack/hpack-encode.js';
import { type Caller, openCaller } from '../caller.js';
import { requestFor } from '../peer.js';
import {
  dataFrame,
  goawayFrame,
  goodAnswer,
  headersFrame,
  message,
  type RawCall,
  resetFrame,
  startRawPeer,
} from './raw-peer.js';

const callerAt = (port: number, concurrency = 1, requestTimeoutMs?: number): Caller =>
  openCaller(
    http2Transport({
      address: `127.0.0.1:${port}`,
      requests: [requestFor('any')],
      clock: systemClock,
      requestTimeoutMs,
    }),
    concurrency,
  );

const status200 = [[':status', '200']] as const;
const statusOk = [['grpc-status', '0']] as const;
const block200 = encodeBlock(status200);
const good = ({ streamId, write }: RawCall): void => write(goodAnswer(streamId));

/** What answers mean: the failure, or the text of the body. */
const answers: readonly {
  readonly title: string;
  readonly answer: (id: number) => readonly Uint8Array[];
  readonly expected: unknown;
}[] = [
  { title: 'a plain answer', answer: (id) => [goodAnswer(id)], expected: 'good' },
  {
    title: 'padding and priority',
    answer: (id) => [
      frame(1, 4 | 8 | 0x20, id, Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 7]), block200, Buffer.alloc(3)])),
      dataFrame(id, Buffer.concat([Buffer.of(2), message('good'), Buffer.alloc(2)]), 8),
      headersFrame(id, statusOk, 5),
    ],
    expected: 'good',
  },
  {
    title: 'a block in three frames',
    answer: (id) => [
      frame(1, 0, id, block200.subarray(0, 0)),
      frame(9, 0, id, block200.subarray(0, 1)),
      frame(9, 4, id, block200.subarray(1)),
      dataFrame(id, message('good')),
      headersFrame(id, statusOk, 5),
    ],
    expected: 'good',
  },
  {
    title: 'a message in many frames, empty ones too',
    answer: (id) => [
      headersFrame(id, status200),
      ...[...message('good')].flatMap((byte) => [dataFrame(id, Buffer.of(byte)), dataFrame(id, Buffer.alloc(0))]),
      headersFrame(id, statusOk, 5),
    ],
    expected: 'good',
  },
  {
    title: 'interim headers and unknown frames',
    answer: (id) => [
      headersFrame(id, [[':status', '103']]),
      frame(2, 0, id, Buffer.alloc(5)),
      frame(0xbe, 0xff, id, Buffer.from('?')),
      goodAnswer(id),
    ],
    expected: 'good',
  },
  {
    title: 'fields of the dynamic table, before our SETTINGS count',
    answer: (id) => [
      frame(1, 4, id, Buffer.from('88 4001 6101 62 4001 6301 64'.replaceAll(' ', ''), 'hex')),
      dataFrame(id, message('good')),
      frame(1, 5, id, Buffer.from('400b677270632d7374617475730130be', 'hex')),
    ],
    expected: 'good',
  },
  {
    title: 'an empty message',
    answer: (id) => [headersFrame(id, status200), dataFrame(id, message('')), headersFrame(id, statusOk, 5)],
    expected: '',
  },
  {
    title: 'the end on DATA, without trailers',
    answer: (id) => [headersFrame(id, status200), dataFrame(id, message('good'), 1)],
    expected: { code: 'grpc 2', message: 'Received HTTP status code 200' },
  },
  {
    title: 'two messages',
    answer: (id) => [
      headersFrame(id, status200),
      dataFrame(id, Buffer.concat([message('one'), message('two')])),
      headersFrame(id, statusOk, 5),
    ],
    expected: { code: 'grpc 12', message: 'Too many responses received' },
  },
  {
    title: 'half a message',
    answer: (id) => [
      headersFrame(id, status200),
      dataFrame(id, message('good').subarray(0, 7)),
      headersFrame(id, statusOk, 5),
    ],
    expected: { code: 'protocol', message: 'the answer ends in the middle of its message' },
  },
  {
    title: 'a compressed message',
    answer: (id) => [headersFrame(id, status200), dataFrame(id, Buffer.from([1, 0, 0, 0, 1, 0]))],
    expected: { code: 'protocol', message: 'a message is compressed, which was not offered' },
  },
  {
    title: 'a message of a status that failed',
    answer: (id) => [
      headersFrame(id, status200),
      dataFrame(id, message('good')),
      headersFrame(
        id,
        [
          ['grpc-status', '5'],
          ['grpc-message', 'gr%C3%B6%C3%9Fe'],
        ],
        5,
      ),
    ],
    expected: { code: 'grpc 5', message: 'größe' },
  },
];

for (const { title, answer, expected } of answers) {
  for (const split of ['whole', 'byte by byte']) {
    test(`http2Transport understands ${title}, ${split}`, async (t) => {
      await using peer = await startRawPeer(({ streamId, socket }) => {
        const bytes = Buffer.concat(answer(streamId));
        if (split === 'whole') socket.write(bytes);
        else void dribble(bytes, (byte) => socket.write(byte));
      });
      await using caller = callerAt(peer.port);
      const { failure, body } = await caller.call(0);
      t.deepEqual(failure ?? body?.toString(), expected);
      t.deepEqual(caller.faults, []);
    });
  }
}

async function dribble(bytes: Buffer, write: (byte: Buffer) => void): Promise<void> {
  for (const byte of bytes) {
    write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What breaks the connection. */
const violations: readonly (readonly [title: string, bytes: (id: number) => Uint8Array, message: RegExp])[] = [
  ['a frame that is too large', () => Buffer.from('ffffff000000000001', 'hex'), /not an HTTP\/2 frame/],
  [
    'a block that is interrupted',
    (id) => Buffer.concat([frame(1, 0, id, block200), dataFrame(id, message(''))]),
    /interrupted/,
  ],
  ['a CONTINUATION of nothing', (id) => frame(9, 4, id, block200), /CONTINUATION/],
  ['a block that is malformed', (id) => frame(1, 4, id, Buffer.of(0x80)), /index 0/],
  ['padding beyond the frame', (id) => dataFrame(id, Buffer.from([9, 0]), 8), /malformed DATA/],
  ['padding beyond the block', (id) => frame(1, 12, id, Buffer.from([9, 0])), /malformed HEADERS/],
  ['DATA on a stream that was never opened', () => dataFrame(99, message('')), /never opened/],
  ['a push', (id) => frame(5, 4, id, Buffer.alloc(4)), /PUSH_PROMISE/],
  ['a window of nothing', () => frame(8, 0, 0, Buffer.alloc(4)), /WINDOW_UPDATE of 0/],
  ['a window that is too large', () => frame(8, 0, 0, Buffer.from('7fffffff', 'hex')), /too large/],
  ['a short PING', () => frame(6, 0, 0, Buffer.alloc(7)), /PING/],
  ['a short RST_STREAM', (id) => frame(3, 0, id, Buffer.alloc(3)), /RST_STREAM/],
  ['a short GOAWAY', () => frame(7, 0, 0, Buffer.alloc(7)), /GOAWAY/],
  ['SETTINGS cut short', () => frame(4, 0, 0, Buffer.alloc(5)), /SETTINGS/],
  ['a window setting that is too large', () => frame(4, 0, 0, Buffer.from('000480000000', 'hex')), /INITIAL_WINDOW/],
  ['a frame setting that is too small', () => frame(4, 0, 0, Buffer.from('000500000001', 'hex')), /MAX_FRAME/],
];
for (const [title, bytes, text] of violations) {
  test(`http2Transport leaves a server that sends ${title}`, async (t) => {
    await using peer = await startRawPeer((call) => (call.index === 0 ? call.write(bytes(call.streamId)) : good(call)));
    await using caller = callerAt(peer.port);
    const { failure } = await caller.call(0);
    t.is(failure?.code, 'protocol');
    t.regex(failure?.message ?? '', text);
    t.is((await caller.call(0)).failure, undefined);
    t.is(peer.connections(), 2);
  });
}

test('http2Transport says what the gRPC specification wants at first', async (t) => {
  await using peer = await startRawPeer(good);
  await using caller = callerAt(peer.port);
  await caller.call(0);
  const [settings, window, ack] = peer.controls;
  t.is(settings, '4 0 0 00010000000000020000000000047fffffff');
  t.is(window, `8 0 0 ${(0x7fffffff - 65_535).toString(16)}`);
  t.is(ack, '4 1 0 ');
});

test('http2Transport answers PING with its bytes', async (t) => {
  await using peer = await startRawPeer((call) => {
    call.write(frame(6, 0, 0, Buffer.from('12345678')));
    good(call);
  });
  await using caller = callerAt(peer.port);
  await caller.call(0);
  await caller.call(0);
  t.true(peer.controls.includes(`6 1 0 ${Buffer.from('12345678').toString('hex')}`));
});

test('http2Transport sends a refused call again, a few times', async (t) => {
  await using peer = await startRawPeer((call) =>
    call.index < 2 || call.index > 2 ? call.write(resetFrame(call.streamId, 7)) : good(call),
  );
  await using caller = callerAt(peer.port);
  t.is((await caller.call(0)).failure, undefined);
  t.deepEqual<unknown, unknown>((await caller.call(0)).failure, {
    code: 'grpc 14',
    message: 'Received RST_STREAM with code 7',
  });
});

test('http2Transport sends calls again that a GOAWAY leaves out, and keeps the others', async (t) => {
  const held: RawCall[] = [];
  await using peer = await startRawPeer((call) => {
    if (call.index > 3) {
      good(call);
      return;
    }
    held.push(call);
    const [first, second] = held;
    if (held.length < 4 || first === undefined || second === undefined) return;
    call.write(goawayFrame(second.streamId, 0), goodAnswer(first.streamId), goodAnswer(second.streamId));
  });
  await using caller = callerAt(peer.port, 4);
  const replies = await Promise.all([0, 0, 0, 0].map((request) => caller.call(request)));
  t.deepEqual(
    replies.map(({ failure }) => failure),
    Array(4).fill(undefined),
  );
  t.is(peer.connections(), 2);
  t.deepEqual(caller.faults, []);
});

test('http2Transport tells why a server went away', async (t) => {
  await using peer = await startRawPeer(({ streamId, write, socket }) => {
    write(goawayFrame(streamId, 11, 'too_many_pings'));
    socket.end();
  });
  await using caller = callerAt(peer.port);
  t.deepEqual<unknown, unknown>((await caller.call(0)).failure, {
    code: 'connect',
    message: 'the server said GOAWAY, code 11 (too_many_pings)',
  });
});

test('http2Transport takes an answer that comes before the request is sent, and tells the server', async (t) => {
  const refuse = ({ streamId, write }: RawCall): void => write(headersFrame(streamId, [['grpc-status', '8']], 5));
  const threeBytes = Buffer.from('000400000003', 'hex');
  await using peer = await startRawPeer(refuse, { settings: threeBytes, answers: 'head' });
  await using caller = callerAt(peer.port);
  t.is((await caller.call(0)).failure?.code, 'grpc 8');
  t.is((await caller.call(0)).failure?.code, 'grpc 8');
  t.true(peer.controls.includes('3 0 1 00000000'));
  t.deepEqual(caller.faults, []);
});

test.serial('http2Transport cancels a call that is late', async (t) => {
  await using peer = await startRawPeer((call) => {
    if (call.index > 0) good(call);
  });
  await using caller = callerAt(peer.port, 2, 1500);
  const [late] = await Promise.all([caller.call(0), keepAsking(caller, 1800)]);
  t.is(late?.failure?.code, 'timeout');
  await caller.call(0); // what was sent before has arrived
  t.true(peer.controls.includes('3 0 1 00000008'));
  t.is(peer.connections(), 1);
});

/** Shows that the connection is alive, with few calls: the peer opens no window again. */
async function keepAsking(caller: Caller, forMs: number): Promise<undefined> {
  for (const end = performance.now() + forMs; performance.now() < end; ) {
    await caller.call(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test.serial('http2Transport leaves a connection that went silent', async (t) => {
  await using peer = await startRawPeer((call) => {
    if (call.index > 0) good(call);
  });
  await using caller = callerAt(peer.port, 1, 200);
  t.is((await caller.call(0)).failure?.code, 'timeout');
  t.is((await caller.call(0)).failure, undefined);
  t.is(peer.connections(), 2);
});
