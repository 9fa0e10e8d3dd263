// What the environment says of proxies, and which servers it excepts.
import { describe, expect, test } from 'bun:test';
import { readExceptions } from '../../../src/server/http1/no-proxy.ts';
import { type Environment, ProxySettingError, readProxies } from '../../../src/server/http1/proxies.ts';

const of = (environment: Environment, url = 'https://api.example/v1') =>
  readProxies(environment).of(new URL(url));

describe('a proxy', () => {
  test('is of the kind of address that is asked for', () => {
    const environment = { HTTP_PROXY: 'http://one:1', HTTPS_PROXY: 'http://two:2' };
    expect(of(environment, 'http://api.example')).toMatchObject({ hostname: 'one', port: 1 });
    expect(of(environment, 'https://api.example')).toMatchObject({ hostname: 'two', port: 2 });
    expect(of({ HTTP_PROXY: 'http://one:1' }, 'https://api.example')).toBeNull();
    expect(readProxies({}).isEmpty).toBe(true);
    expect(readProxies({ HTTPS_PROXY: '' }).isEmpty).toBe(true);
  });

  test.each([
    ['proxy.lab:3128', { name: 'http://proxy.lab:3128', hostname: 'proxy.lab', port: 3128, secure: false }],
    ['http://proxy.lab', { name: 'http://proxy.lab', port: 80 }],
    ['http://proxy.lab/', { name: 'http://proxy.lab', port: 80 }],
    ['https://proxy.lab', { name: 'https://proxy.lab', port: 443, secure: true }],
    ['http://[::1]:8080', { name: 'http://[::1]:8080', hostname: '::1', port: 8080 }],
  ])('%s', (written, read) => {
    expect(of({ HTTPS_PROXY: written })).toMatchObject({
      ...read,
      variable: 'HTTPS_PROXY',
      authorization: null,
    });
    expect(of({ HTTPS_PROXY: 'http://other:1', https_proxy: written })).toMatchObject({
      ...read,
      variable: 'https_proxy',
    });
  });

  test.each([
    ['http://user:word@p:1', 'user:word'],
    ['user:word@p:1', 'user:word'],
    ['http://user@p:1', 'user:'],
    ['http://us%40er:w%3Aor%2Fd%25@p:1', 'us@er:w:or/d%'],
    ['http://%C3%A9t%C3%A9:%E2%82%AC@p:1', 'été:€'],
  ])('%s: who asks, and a name without it', (written, credentials) => {
    expect(of({ HTTPS_PROXY: written })).toMatchObject({
      name: 'http://p:1',
      hasCredentials: true,
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    });
  });

  test.each([
    ['socks5://user:secret@p:1', 'HTTPS_PROXY has the scheme socks5://, which is not supported; write it as'],
    ['http://', 'HTTPS_PROXY is not an address; write it as'],
    ['http://secret secret', 'HTTPS_PROXY is not an address; write it as'],
    ['http://p:99999', 'HTTPS_PROXY is not an address; write it as'],
    ['http://user:secret%@p:1', 'HTTPS_PROXY has a % in its user or password'],
  ])('%s is refused without a word of what it holds', (written, says) => {
    expect(() => readProxies({ HTTPS_PROXY: written })).toThrow(ProxySettingError);
    expect(() => readProxies({ HTTPS_PROXY: written })).toThrow(says);
    expect(() => readProxies({ HTTPS_PROXY: written })).not.toThrow('secret');
  });

  test('is not asked for what NO_PROXY excepts, whichever way that is spelled', () => {
    const environment = { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://p:1' };
    for (const name of ['NO_PROXY', 'no_proxy']) {
      const excepting = { ...environment, [name]: 'api.example,[::1]' };
      expect(of(excepting)).toBeNull();
      expect(of(excepting, 'http://API.example./v1')).toBeNull();
      expect(of(excepting, 'http://[::1]:8080/v1')).toBeNull();
      expect(of(excepting, 'https://other.example')).not.toBeNull();
    }
  });
});

describe('ALL_PROXY', () => {
  test.each(['ALL_PROXY', 'all_proxy'])('%s stands for whichever of the two is not named', (variable) => {
    const all = { [variable]: 'http://user:word@all:3' };
    for (const url of ['http://api.example', 'https://api.example'])
      expect(of(all, url)).toMatchObject({ name: 'http://all:3', variable, hasCredentials: true });
    const some = { ...all, HTTPS_PROXY: 'http://two:2', HTTP_PROXY: '' };
    expect(of(some)).toMatchObject({ hostname: 'two', variable: 'HTTPS_PROXY' });
    expect(of(some, 'http://api.example')).toMatchObject({ hostname: 'all', variable });
    expect(of({ ...all, NO_PROXY: 'api.example' })).toBeNull();
  });

  test('one that speaks no HTTP is refused where it would be asked, and says what else to name', () => {
    for (const kind of ['socks', 'socks4', 'socks4a', 'socks5', 'socks5h']) {
      const all = { ALL_PROXY: `${kind}://user:secret@p:1080` };
      for (const environment of [all, { ...all, HTTPS_PROXY: 'http://two:2' }]) {
        expect(() => readProxies(environment)).toThrow(ProxySettingError);
        expect(() => readProxies(environment)).toThrow(
          `ALL_PROXY has the scheme ${kind}://, which is not supported; write it as http://proxy.example:3128 (with user:password@ before the name where it asks for them), name one in HTTP_PROXY and HTTPS_PROXY, or leave it out`,
        );
        expect(() => readProxies(environment)).not.toThrow('secret');
      }
      const named = { ...all, HTTPS_PROXY: 'http://two:2', HTTP_PROXY: 'http://one:1' };
      expect(of(named)).toMatchObject({ hostname: 'two' });
    }
  });
});

test('what may be shown nowhere of who may use them', () => {
  const secretsOf = (environment: Environment) => readProxies(environment).secrets;
  expect(secretsOf({ HTTPS_PROXY: 'http://p:1' })).toEqual([]);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  expect(secretsOf({ HTTPS_PROXY: 'http://us%40er:wo%2Frd@p:1' }).toSorted()).toEqual(
    [base64('us@er:wo/rd'), 'us%40er:wo%2Frd', 'us@er:wo/rd', 'wo%2Frd', 'wo/rd'].toSorted(),
  );
  // A token may stand in the place of a name.
  expect(secretsOf({ ALL_PROXY: 'http://token@p:1' })).toEqual([base64('token:'), 'token']);
  expect(secretsOf({ ALL_PROXY: 'http://:word@p:1' })).toEqual([base64(':word'), ':word', 'word']);
});

describe('NO_PROXY', () => {
  const cases: [list: string, excepted: string[], asked: string[]][] = [
    ['', [], ['example.com', '127.0.0.1']],
    ['*', ['example.com', '127.0.0.1', '::1'], []],
    [
      'example.com',
      ['example.com', 'a.example.com', 'a.b.EXAMPLE.com', 'example.com.'],
      ['badexample.com', 'example.com.org', 'com'],
    ],
    ['.example.com', ['example.com', 'a.example.com'], ['badexample.com']],
    ['*.example.com', ['example.com', 'a.b.example.com'], ['badexample.com']],
    ['Example.COM.', ['example.com', 'a.example.com'], []],
    ['a.example , b.example\tc.example', ['a.example', 'b.example', 'c.example'], ['d.example']],
    ['127.0.0.1', ['127.0.0.1'], ['127.0.0.11', '127.0.0.2', 'a.127.0.0.1']],
    [
      '10.0.0.0/8 192.168.1.64/26',
      ['10.1.2.3', '192.168.1.100'],
      ['11.0.0.1', '192.168.1.10', 'host10.1.2.3'],
    ],
    ['0.0.0.0/0', ['8.8.8.8'], ['::1', 'example.com']],
    ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['::2']],
    ['[::1]', ['::1'], ['::2']],
    ['fd00::/8,[2001:db8::]/32', ['fd12::1', '2001:db8:1::1'], ['fe80::1', '2001:db9::1', '32.1.13.184']],
    ['10.0.0.0/99 /8 1.2.3/8 ::/x', [], ['10.0.0.1', '::1', '1.2.3.4']],
  ];
  for (const [list, excepted, asked] of cases)
    test(JSON.stringify(list), () => {
      const isException = readExceptions(list);
      expect(excepted.filter((host) => !isException(host, 443))).toEqual([]);
      expect(asked.filter((host) => isException(host, 443))).toEqual([]);
    });

  test('one that names a port means that port', () => {
    const isException = readExceptions('example.com:8443,[::1]:8080,127.0.0.1:1234');
    expect([isException('a.example.com', 8443), isException('example.com', 443)]).toEqual([true, false]);
    expect([isException('::1', 8080), isException('::1', 80)]).toEqual([true, false]);
    expect([isException('127.0.0.1', 1234), isException('127.0.0.1', 1235)]).toEqual([true, false]);
  });
});
