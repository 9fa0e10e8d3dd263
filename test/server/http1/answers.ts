// Answers as servers write them, byte by byte (latin1), and what HTTP/1.1 (RFC 9110, RFC 9112) makes of each.

export interface GoodAnswer {
  name: string;
  /** Default: GET. */
  method?: string;
  /** All that the server says. */
  sent: string;
  status: number;
  /** Those that matter. */
  headers?: Record<string, string>;
  body: string;
  /** The server closes the connection to end it. */
  closes?: true;
  /** Whether the connection can serve another request. */
  reusable: boolean;
}

export interface BadAnswer {
  name: string;
  method?: string;
  sent: string;
  /** The server closes the connection behind it. */
  closes?: true;
  /** `head`: the request fails. `body`: it was answered, and its body breaks off. */
  failsIn: 'head' | 'body';
}

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const OK = 'HTTP/1.1 200 OK';
const CHUNKED = head(OK, 'transfer-encoding: chunked');

export const GOOD_ANSWERS: GoodAnswer[] = [
  {
    name: 'content-length',
    sent: `${head(OK, 'Content-Type: text/plain', 'Content-Length: 5')}hello`,
    status: 200,
    headers: { 'content-type': 'text/plain', 'content-length': '5' },
    body: 'hello',
    reusable: true,
  },
  {
    name: 'content-length of zero',
    sent: head(OK, 'content-length: 0'),
    status: 200,
    body: '',
    reusable: true,
  },
  {
    name: 'no reason phrase',
    sent: head('HTTP/1.1 200 ', 'content-length: 0'),
    status: 200,
    body: '',
    reusable: true,
  },
  {
    name: 'no reason phrase and no space before it',
    sent: head('HTTP/1.1 503', 'content-length: 0'),
    status: 503,
    body: '',
    reusable: true,
  },
  {
    name: 'a reason phrase in latin1, with colons and digits',
    sent: head('HTTP/1.1 429 Zu viele: 3 f\xfcr 1', 'content-length: 0'),
    status: 429,
    body: '',
    reusable: true,
  },
  {
    name: 'a status that nobody registered',
    sent: head('HTTP/1.1 599 Own', 'content-length: 0'),
    status: 599,
    body: '',
    reusable: true,
  },
  {
    name: 'bare line feeds',
    sent: `${OK}\ncontent-length: 2\nx-a: b\n\nok`,
    status: 200,
    headers: { 'x-a': 'b' },
    body: 'ok',
    reusable: true,
  },
  {
    name: 'bare line feeds, and a blank line of the usual kind in the body',
    sent: `${OK}\ncontent-length: 6\n\na\r\n\r\nb`,
    status: 200,
    body: 'a\r\n\r\nb',
    reusable: true,
  },
  {
    name: 'both kinds of line ends in one head',
    sent: `${OK}\nx-a: b\r\ncontent-length: 6\nx-c: d\n\r\na\r\n\r\nb`,
    status: 200,
    headers: { 'x-a': 'b', 'x-c': 'd', 'content-length': '6' },
    body: 'a\r\n\r\nb',
    reusable: true,
  },
  {
    name: 'a bare blank line behind lines of the usual kind',
    sent: `${OK}\r\ncontent-length: 2\r\n\nok`,
    status: 200,
    body: 'ok',
    reusable: true,
  },
  {
    name: 'HTTP/1.0 closes',
    sent: `${head('HTTP/1.0 200 OK', 'content-length: 2')}ok`,
    status: 200,
    body: 'ok',
    reusable: false,
  },
  {
    name: 'HTTP/1.0 that keeps alive',
    sent: `${head('HTTP/1.0 200 OK', 'Connection: Keep-Alive', 'content-length: 2')}ok`,
    status: 200,
    body: 'ok',
    reusable: true,
  },
  {
    name: 'connection: close',
    sent: `${head(OK, 'Connection: Close', 'content-length: 2')}ok`,
    status: 200,
    body: 'ok',
    reusable: false,
  },
  {
    name: 'connection: close among others',
    sent: `${head(OK, 'connection: foo, close', 'content-length: 2')}ok`,
    status: 200,
    body: 'ok',
    reusable: false,
  },
  {
    name: 'a body that the end of the connection ends',
    sent: `${head(OK)}until the end`,
    status: 200,
    body: 'until the end',
    closes: true,
    reusable: false,
  },
  {
    name: 'HTTP/1.0, a body that the end of the connection ends',
    sent: `${head('HTTP/1.0 200 OK', 'connection: keep-alive')}until the end`,
    status: 200,
    body: 'until the end',
    closes: true,
    reusable: false,
  },
  {
    name: 'chunks',
    sent: `${CHUNKED}3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n`,
    status: 200,
    body: 'abcdefg',
    reusable: true,
  },
  {
    name: 'Chunked in another case',
    sent: `${head(OK, 'Transfer-Encoding: Chunked')}3\r\nabc\r\n0\r\n\r\n`,
    status: 200,
    body: 'abc',
    reusable: true,
  },
  {
    name: 'no chunk but the last',
    sent: `${CHUNKED}0\r\n\r\n`,
    status: 200,
    body: '',
    reusable: true,
  },
  {
    name: 'sizes of chunks in both cases, with leading zeros',
    sent: `${CHUNKED}A\r\n0123456789\r\n0000b\r\n0123456789a\r\n000\r\n\r\n`,
    status: 200,
    body: '01234567890123456789a',
    reusable: true,
  },
  {
    name: 'chunks with extensions',
    sent: `${CHUNKED}3;name=value\r\nabc\r\n2 ; q="a;b"\r\nde\r\n0;last\r\n\r\n`,
    status: 200,
    body: 'abcde',
    reusable: true,
  },
  {
    name: 'trailers',
    sent: `${CHUNKED}3\r\nabc\r\n0\r\nx-sum: 1\r\nx-other: 0\r\n\r\n`,
    status: 200,
    body: 'abc',
    reusable: true,
  },
  {
    name: 'chunks that hold what looks like framing',
    sent: `${CHUNKED}9\r\n\r\n0\r\n\r\n5\r\r\n1\r\n\n\r\n0\r\n\r\n`,
    status: 200,
    body: '\r\n0\r\n\r\n5\r\n',
    reusable: true,
  },
  {
    name: 'content-length twice, the same',
    sent: `${head(OK, 'content-length: 2', 'Content-Length: 2')}ok`,
    status: 200,
    body: 'ok',
    reusable: true,
  },
  {
    name: 'content-length beside chunks: the chunks count, the connection is not trusted again',
    sent: `${head(OK, 'content-length: 1', 'transfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
    status: 200,
    body: 'ok',
    reusable: false,
  },
  {
    name: '204 has no body',
    sent: head('HTTP/1.1 204 No Content'),
    status: 204,
    body: '',
    reusable: true,
  },
  {
    name: '204 that speaks of one',
    sent: head('HTTP/1.1 204 No Content', 'transfer-encoding: chunked'),
    status: 204,
    body: '',
    reusable: true,
  },
  {
    name: '304 with the length of what it does not send',
    sent: head('HTTP/1.1 304 Not Modified', 'content-length: 99'),
    status: 304,
    body: '',
    reusable: true,
  },
  {
    name: 'HEAD, with the length of what it does not send',
    method: 'HEAD',
    sent: head(OK, 'content-length: 99'),
    status: 200,
    headers: { 'content-length': '99' },
    body: '',
    reusable: true,
  },
  {
    name: 'HEAD of chunks',
    method: 'HEAD',
    sent: CHUNKED,
    status: 200,
    body: '',
    reusable: true,
  },
  {
    name: '100 before the answer',
    sent: `${head('HTTP/1.1 100 Continue')}${head(OK, 'content-length: 2')}ok`,
    status: 200,
    body: 'ok',
    reusable: true,
  },
  {
    name: '102 and 103 with fields of their own before the answer',
    sent: `${head('HTTP/1.1 102 Processing')}${head('HTTP/1.1 103 Early Hints', 'link: </a>', 'content-length: 7')}${head(OK, 'content-length: 2')}ok`,
    status: 200,
    headers: { 'content-length': '2' },
    body: 'ok',
    reusable: true,
  },
  {
    name: 'a field folded over lines',
    sent: `${head(OK, 'x-long: one', '  two', '\tthree', 'content-length: 2')}ok`,
    status: 200,
    headers: { 'x-long': 'one two three' },
    body: 'ok',
    reusable: true,
  },
  {
    name: 'no space behind the colon, and much around the value',
    sent: `${head(OK, 'x-a:b', 'x-c: \t d e \t ', 'x-empty:', 'content-length:2')}ok`,
    status: 200,
    headers: { 'x-a': 'b', 'x-c': 'd e', 'x-empty': '' },
    body: 'ok',
    reusable: true,
  },
  {
    name: 'values in latin1',
    sent: `${head(OK, 'x-name: caf\xe9 \xff', 'content-length: 0')}`,
    status: 200,
    headers: { 'x-name': 'caf\xe9 \xff' },
    body: '',
    reusable: true,
  },
  {
    name: 'a value in UTF-8 whose last byte would be a space in latin1',
    sent: head(OK, 'x-name: voil\xc3\xa0', 'content-length: 0'),
    status: 200,
    headers: { 'x-name': 'voil\xc3\xa0' },
    body: '',
    reusable: true,
  },
  {
    name: 'a name that comes again',
    sent: head(OK, 'x-a: 1', 'X-A: 2', 'content-length: 0'),
    status: 200,
    headers: { 'x-a': '1, 2' },
    body: '',
    reusable: true,
  },
  {
    name: 'names that objects have of themselves',
    sent: head(OK, '__proto__: a', 'constructor: b', 'content-length: 0'),
    status: 200,
    headers: { constructor: 'b' },
    body: '',
    reusable: true,
  },
  {
    name: 'a head of 60 KB',
    sent: `${head(OK, `x-big: ${'v'.repeat(60_000)}`, 'content-length: 2')}ok`,
    status: 200,
    headers: { 'x-big': 'v'.repeat(60_000) },
    body: 'ok',
    reusable: true,
  },
  {
    name: 'more than the length it gave',
    sent: `${head(OK, 'content-length: 2')}ok and more`,
    status: 200,
    body: 'ok',
    reusable: false,
  },
  {
    name: 'a second answer that nobody asked for',
    sent: `${head(OK, 'content-length: 2')}ok${head(OK, 'content-length: 3')}bad`,
    status: 200,
    body: 'ok',
    reusable: false,
  },
  {
    name: 'more behind the last chunk',
    sent: `${CHUNKED}2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK`,
    status: 200,
    body: 'ok',
    reusable: false,
  },
  {
    name: 'a body behind 204',
    sent: `${head('HTTP/1.1 204 No Content')}bad`,
    status: 204,
    body: '',
    reusable: false,
  },
];

export const BAD_ANSWERS: BadAnswer[] = [
  { name: 'no HTTP at all', sent: 'SSH-2.0-OpenSSH_9.6\r\n\r\n', failsIn: 'head' },
  { name: 'bytes without sense', sent: '\x15\x03\x01\0\x02\x02\x46\r\n\r\n', failsIn: 'head' },
  { name: 'the preface of HTTP/2', sent: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', failsIn: 'head' },
  {
    name: 'frames of HTTP/2, and the end',
    sent: '\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64',
    closes: true,
    failsIn: 'head',
  },
  { name: 'another version', sent: head('HTTP/2 200 OK', 'content-length: 0'), failsIn: 'head' },
  { name: 'version 1.9', sent: head('HTTP/1.9 200 OK', 'content-length: 0'), failsIn: 'head' },
  { name: 'another protocol', sent: head('ICY 200 OK', 'content-length: 0'), failsIn: 'head' },
  { name: 'a status of two digits', sent: head('HTTP/1.1 20 OK', 'content-length: 0'), failsIn: 'head' },
  { name: 'a status of four digits', sent: head('HTTP/1.1 2000 OK', 'content-length: 0'), failsIn: 'head' },
  { name: 'a status of words', sent: head('HTTP/1.1 two OK', 'content-length: 0'), failsIn: 'head' },
  { name: 'a negative status', sent: head('HTTP/1.1 -20 OK', 'content-length: 0'), failsIn: 'head' },
  { name: 'a switch of protocols', sent: head('HTTP/1.1 101 Switching', 'upgrade: x'), failsIn: 'head' },
  { name: 'a line that is no field', sent: head(OK, 'no colon here', 'content-length: 0'), failsIn: 'head' },
  { name: 'a field without a name', sent: head(OK, ': value', 'content-length: 0'), failsIn: 'head' },
  { name: 'a space in a name', sent: head(OK, 'x a: 1', 'content-length: 0'), failsIn: 'head' },
  { name: 'a space behind a name', sent: head(OK, 'content-length : 2', 'x-a: 1'), failsIn: 'head' },
  {
    name: 'a field folded before the first',
    sent: head(OK, ' folded', 'content-length: 0'),
    failsIn: 'head',
  },
  { name: 'NUL in a value', sent: head(OK, 'x-a: a\0b', 'content-length: 0'), failsIn: 'head' },
  {
    name: 'NUL in a folded line',
    sent: head(OK, 'x-a: a', ' b\0c', 'content-length: 0'),
    failsIn: 'head',
  },
  {
    name: 'a line that begins with a bare carriage return',
    sent: head(OK, '\rx-a: a', 'content-length: 0'),
    failsIn: 'head',
  },
  {
    name: 'a bare carriage return in a value',
    sent: head(OK, 'x-a: a\rx-b: c', 'content-length: 0'),
    failsIn: 'head',
  },
  {
    name: 'a field of 70 KB',
    sent: head(OK, `x-big: ${'v'.repeat(70_000)}`, 'content-length: 0'),
    failsIn: 'head',
  },
  { name: 'a head without end', sent: `${OK}\r\n${'x-a: b\r\n'.repeat(12_000)}`, failsIn: 'head' },
  { name: 'a first line without end', sent: `HTTP/1.1 200 ${'O'.repeat(70_000)}`, failsIn: 'head' },
  { name: 'two lengths', sent: `${head(OK, 'content-length: 2', 'content-length: 3')}okk`, failsIn: 'head' },
  { name: 'two lengths in one field', sent: `${head(OK, 'content-length: 2, 3')}okk`, failsIn: 'head' },
  { name: 'a negative length', sent: `${head(OK, 'content-length: -2')}ok`, failsIn: 'head' },
  { name: 'a length with a sign', sent: `${head(OK, 'content-length: +2')}ok`, failsIn: 'head' },
  { name: 'a length in hexadecimal', sent: `${head(OK, 'content-length: 0x2')}ok`, failsIn: 'head' },
  { name: 'a length of nothing', sent: `${head(OK, 'content-length:')}ok`, failsIn: 'head' },
  {
    name: 'a length beyond all numbers',
    sent: `${head(OK, 'content-length: 99999999999999999999999')}ok`,
    failsIn: 'head',
  },
  {
    name: 'a transfer coding that nobody knows',
    sent: `${head(OK, 'transfer-encoding: foo, chunked')}2\r\nok\r\n0\r\n\r\n`,
    failsIn: 'head',
  },
  {
    name: 'chunked, but not last',
    sent: `${head(OK, 'transfer-encoding: chunked, gzip')}2\r\nok\r\n0\r\n\r\n`,
    failsIn: 'head',
  },
  { name: 'the end at once', sent: '', closes: true, failsIn: 'head' },
  { name: 'the end within the first line', sent: 'HTTP/1.1 20', closes: true, failsIn: 'head' },
  { name: 'the end within the head', sent: `${OK}\r\ncontent-length: 0\r\n`, closes: true, failsIn: 'head' },
  { name: 'the end behind 100', sent: head('HTTP/1.1 100 Continue'), closes: true, failsIn: 'head' },
  {
    name: 'the end within a body',
    sent: `${head(OK, 'content-length: 5')}hell`,
    closes: true,
    failsIn: 'body',
  },
  { name: 'the end before a body', sent: head(OK, 'content-length: 5'), closes: true, failsIn: 'body' },
  { name: 'the end before the first chunk', sent: CHUNKED, closes: true, failsIn: 'body' },
  { name: 'the end within a size', sent: `${CHUNKED}3`, closes: true, failsIn: 'body' },
  { name: 'the end within a chunk', sent: `${CHUNKED}3\r\nab`, closes: true, failsIn: 'body' },
  { name: 'the end behind a chunk', sent: `${CHUNKED}3\r\nabc\r\n`, closes: true, failsIn: 'body' },
  {
    name: 'the end within the last chunk',
    sent: `${CHUNKED}3\r\nabc\r\n0\r\n`,
    closes: true,
    failsIn: 'body',
  },
  { name: 'the end within the trailers', sent: `${CHUNKED}0\r\nx-a: b\r\n`, closes: true, failsIn: 'body' },
  { name: 'a chunk without a size', sent: `${CHUNKED}\r\nabc\r\n`, failsIn: 'body' },
  { name: 'a size that is no number', sent: `${CHUNKED}xyz\r\nabc\r\n`, failsIn: 'body' },
  { name: 'a negative size', sent: `${CHUNKED}-3\r\nabc\r\n`, failsIn: 'body' },
  { name: 'a size with a prefix', sent: `${CHUNKED}0x3\r\nabc\r\n0\r\n\r\n`, failsIn: 'body' },
  { name: 'a space before a size', sent: `${CHUNKED} 3\r\nabc\r\n0\r\n\r\n`, failsIn: 'body' },
  { name: 'a size beyond all numbers', sent: `${CHUNKED}ffffffffffffffff\r\nabc`, failsIn: 'body' },
  {
    name: 'a size that wraps around',
    sent: `${CHUNKED}10000000000000003\r\nabc\r\n0\r\n\r\n`,
    failsIn: 'body',
  },
  { name: 'a chunk that is longer than its size', sent: `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`, failsIn: 'body' },
  { name: 'a chunk that is shorter than its size', sent: `${CHUNKED}4\r\nabc\r\n0\r\n\r\n`, failsIn: 'body' },
  { name: 'an extension without end', sent: `${CHUNKED}3;${'x'.repeat(70_000)}`, failsIn: 'body' },
  { name: 'a size without end', sent: `${CHUNKED}${'0'.repeat(70_000)}`, failsIn: 'body' },
  { name: 'trailers without end', sent: `${CHUNKED}0\r\n${'x-a: b\r\n'.repeat(12_000)}`, failsIn: 'body' },
];
