import test from 'ava';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { HpackError } from '../../../src/http2/hpack/hpack-error.js';
import type { Field } from '../../../src/http2/hpack/static-table.js';

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const date1 = 'Mon, 21 Oct 2013 20:13:21 GMT';
const date2 = 'Mon, 21 Oct 2013 20:13:22 GMT';
const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const location: Field = ['location', 'https://www.example.com'];
const get: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const requests: readonly (readonly Field[])[] = [
  get,
  [...get, ['cache-control', 'no-cache']],
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ],
];
const responses: readonly (readonly Field[])[] = [
  [[':status', '302'], ['cache-control', 'private'], ['date', date1], location],
  [[':status', '307'], ['cache-control', 'private'], ['date', date1], location],
  [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', date2],
    location,
    ['content-encoding', 'gzip'],
    ['set-cookie', cookie],
  ],
];

/** RFC 7541 appendix C: blocks that one decoder sees one after the other. */
const series = [
  {
    title: 'C.2.1, literal with indexing',
    blocks: ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572'],
    expected: [[['custom-key', 'custom-header']]],
  },
  {
    title: 'C.2.2, literal without indexing',
    blocks: ['040c 2f73 616d 706c 652f 7061 7468'],
    expected: [[[':path', '/sample/path']]],
  },
  {
    title: 'C.2.3, literal never indexed',
    blocks: ['1008 7061 7373 776f 7264 0673 6563 7265 74'],
    expected: [[['password', 'secret']]],
  },
  { title: 'C.2.4, indexed', blocks: ['82'], expected: [[[':method', 'GET']]] },
  {
    title: 'C.3, requests without Huffman coding',
    blocks: [
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    expected: requests,
  },
  {
    title: 'C.4, requests with Huffman coding',
    blocks: [
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
    expected: requests,
  },
  {
    title: 'C.5, responses without Huffman coding, with eviction',
    tableBytes: 256,
    blocks: [
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d' +
        '546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '4803 3330 37c1 c0bf',
      '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f' +
        '6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630' +
        '303b 2076 6572 7369 6f6e 3d31',
    ],
    expected: responses,
  },
  {
    title: 'C.6, responses with Huffman coding, with eviction',
    tableBytes: 256,
    blocks: [
      '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7' +
        '8f0b 97c8 e9ae 82ae 43d3',
      '4883 640e ffc1 c0bf',
      '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335' +
        'dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
    ],
    expected: responses,
  },
] as const;

for (const { title, blocks, expected, ...rest } of series) {
  test(`HpackDecoder decodes RFC 7541 ${title}`, (t) => {
    const decoder = new HpackDecoder('tableBytes' in rest ? rest.tableBytes : undefined);
    const decoded = blocks.map((hex) => {
      const block = bytesOf(`ffff${hex}ffff`); // it lies in the middle of something
      return decoder.decode(block, 2, block.length - 2).fields;
    });
    t.deepEqual<unknown, unknown>(decoded, expected);
  });
}

const selfContained: readonly (readonly [title: string, before: string, block: string, expected: boolean])[] = [
  ['indexed in the static table', '', '88', true],
  ['a literal without indexing', '', '0001 6101 62', true],
  ['a literal that is indexed', '', '4001 6101 62', false],
  ['an index into the dynamic table', '4001 6101 62', 'be', false],
  ['a name of the dynamic table', '4001 6101 62', '0f2f 0163', false],
  ['a change of size', '', '2088', false],
  ['a literal that is indexed in a table of size 0', '20', '4001 6101 62', true],
];
for (const [title, before, block, expected] of selfContained) {
  test(`HpackDecoder says whether a block stands alone: ${title}`, (t) => {
    const decoder = new HpackDecoder();
    const first = bytesOf(before);
    decoder.decode(first, 0, first.length);
    const bytes = bytesOf(block);
    t.is(decoder.decode(bytes, 0, bytes.length).isSelfContained, expected);
  });
}

test('HpackDecoder takes the largest size of the table that it allows', (t) => {
  const block = bytesOf('3fe11f 88');
  t.deepEqual<unknown, unknown>(new HpackDecoder().decode(block, 0, block.length).fields, [[':status', '200']]);
});

test('HpackDecoder forgets what does not fit any more', (t) => {
  const decoder = new HpackDecoder();
  const decode = (hex: string) => decoder.decode(bytesOf(hex), 0, bytesOf(hex).length).fields;
  decode('4001 6101 62');
  t.deepEqual<unknown, unknown>(decode('be'), [['a', 'b']]);
  decode('20'); // size 0
  t.throws(() => decode('be'), { instanceOf: HpackError });
});

const malformed: readonly (readonly [title: string, hex: string])[] = [
  ['index 0', '80'],
  ['an index that nothing has', 'be'],
  ['a size above the limit', '3fe21f'],
  ['a size in the middle', '8820'],
  ['a string longer than the block', '000a 61'],
  ['an integer without an end', 'ffff ffff'],
  ['an integer that is too large', 'ffff ffff ffff ffff ff01'],
  ['a literal without a value', '0001 61'],
  ['padding of zeros', '0001 6181 18'],
  ['padding of eight bits', '0001 6182 1fff'],
  ['the end-of-string symbol', '0001 6184 ffff ffff'],
];
for (const [title, hex] of malformed) {
  test(`HpackDecoder refuses ${title}`, (t) => {
    const block = bytesOf(hex);
    t.throws(() => new HpackDecoder().decode(block, 0, block.length), { instanceOf: HpackError });
  });
}
