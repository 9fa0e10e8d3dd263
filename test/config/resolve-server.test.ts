// How `server`, the ledger’s store and the Redis server are resolved, and what is reported where that fails.
import { describe, expect, test } from 'bun:test';
import { parseConfig } from '../../src/config/parse.ts';
import { redisPlace, secretsOfRedis } from '../../src/config/resolve-redis.ts';
import { resolve } from './resolve-lab.ts';

describe('origins of web pages', () => {
  const origins = (...allowed_origins: string[]) => resolve({ server: { allowed_origins } }).config.server;

  test('are what browsers send, however they are written', () => {
    expect(
      origins(
        'HTTP://LocalHost:80',
        'https://app.example.com:443',
        'https://BÜCHER.example',
        'http://[::1]:3000',
        'chrome-extension://ABCD',
        'tauri://localhost',
      ).allowedOrigins,
    ).toEqual([
      'http://localhost',
      'https://app.example.com',
      'https://xn--bcher-kva.example',
      'http://[::1]:3000',
      'chrome-extension://abcd',
      'tauri://localhost',
    ]);
  });

  test('all of them only where keys are asked for', () => {
    const allowed_origins = ['http://localhost:5173', '*'];
    expect(resolve({ server: { allowed_origins, keys: ['k'] } }).said).toEqual([]);
    expect(resolve({ server: { allowed_origins } }).said).toEqual([
      'fatal server.allowed_origins[1]: * lets every web page that you open use this gateway: set server.keys, or name the origins',
    ]);
  });
});

describe('server', () => {
  test.each(['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost', 'LOCALHOST'])(
    '%s needs no keys',
    (host) => {
      expect(resolve({ server: { host } }).said).toEqual([]);
    },
  );

  test.each(['0.0.0.0', '::', '10.0.0.1', 'gateway.example.com', '127.0.0.1.example.com'])(
    '%s does',
    (host) => {
      expect(resolve({ server: { host } }).said).toEqual([
        `fatal server.host: ${host} is reachable by others: set server.keys, or listen on 127.0.0.1`,
      ]);
      expect(resolve({ server: { host, keys: ['k'] } }).said).toEqual([]);
    },
  );

  test('the command line comes before the file, and is checked like it', () => {
    const overrides = { host: '0.0.0.0', port: 1 };
    const { config, said } = resolve({ server: { host: '127.0.0.1', port: 2 } }, {}, { overrides });
    expect(config.server).toMatchObject(overrides);
    expect(said[0]).toStartWith('fatal server.host: 0.0.0.0');
  });

  test('no key left is fatal, one missing of two a warning', () => {
    const keys = ['env:ABSENT', 'env:PRESENT'];
    const { config, said } = resolve({ server: { keys } }, { PRESENT: 'k' });
    expect(config.server.keys).toEqual(['k']);
    expect(said).toEqual(['warning server.keys[0]: environment variable ABSENT is not set; not accepted']);
    // As UTF-8 or as Latin-1, by who sends it; and beyond Latin-1 by nobody.
    const odd = resolve(
      { server: { keys: ['env:PRESENT', 'schl\u00fcssel', '\u043a\u043b\u044e\u0447'] } },
      { PRESENT: 'k' },
    );
    expect(odd.config.server.keys).toEqual(['k']);
    expect(odd.said).toEqual([
      'warning server.keys[1]: the key has characters beyond ASCII, which clients encode in different ways; not accepted',
      'warning server.keys[2]: the value has characters that a header cannot contain; not accepted',
    ]);
    const [lost] = resolve({ server: { keys: ['schl\u00fcssel'] } }).said;
    expect(lost).toStartWith('fatal server.keys[0]: the key has');
    expect(lost).toEndWith('; no key is left; provide it, or set server.keys to []');
    expect(resolve({ server: { keys } }).said.map((line) => line.split(':')[0])).toEqual([
      'fatal server.keys[0]',
      'fatal server.keys[1]',
    ]);
  });

  test('keys of projects are accepted beside the operator’s, which come first', () => {
    const project_keys = { web: ['env:WEB', 'w2'], data: ['d'] };
    const { config, said } = resolve({ server: { project_keys, keys: ['k'] } }, { WEB: 'w1' });
    expect(said).toEqual([]);
    expect(config.server.keys).toEqual(['k', 'w1', 'w2', 'd']);
    expect([...config.server.projectOfKey]).toEqual([
      ['w1', 'web'],
      ['w2', 'web'],
      ['d', 'data'],
    ]);
  });

  test('a key of a project that cannot be had is a warning, one of two projects fatal', () => {
    const { config, said } = resolve({
      server: { keys: ['k'], project_keys: { web: ['env:WEB', 'same', 'same'], data: ['same', 'k'] } },
    });
    expect(said).toEqual([
      'warning server.project_keys.web[0]: environment variable WEB is not set; not accepted',
      'fatal server.project_keys.data[0]: is also a key of web, so it is unclear whose requests use it',
      'fatal server.project_keys.data[1]: is also a key of server.keys, so it is unclear whose requests use it',
    ]);
    expect(config.server.keys).toEqual(['k', 'same']);
  });

  test('a project whose key begins with its name gets a warning that rows cannot show it', () => {
    const project_keys = { acme2024: ['acme2024-7fk3ls9d'], web: ['web-7fk3ls9d'] };
    expect(resolve({ server: { keys: ['k'], project_keys } }).said).toEqual([
      expect.stringMatching(/^warning server\.project_keys\.acme2024: .*\[redacted\]/),
    ]);
  });

  test.each([['w'], ['env:WEB']])(
    'keys of projects alone are fatal, also where none can be had: %s',
    (key) => {
      // Else a variable that is missing would open the gateway to whoever reaches it.
      expect(resolve({ server: { project_keys: { web: [key] } } }).said).toContain(
        'fatal server.project_keys: needs server.keys as well: project keys open of the gateway’s own pages only their project’s figures',
      );
    },
  );
});

describe('audit.store', () => {
  const ADDRESS = 'postgres://sluice:s3cr%2Ft@db.example.com:5433/ledger';

  test.each([
    ['sqlite', 'sqlite'],
    [ADDRESS, ADDRESS],
    ['env:LEDGER_URL', ADDRESS],
    ['credential:ledger', ADDRESS],
    ['postgresql://db.example.com/ledger', 'postgresql://db.example.com/ledger'],
  ])('%s', (store, found) => {
    const { config, said } = resolve(
      { audit: { store } },
      { LEDGER_URL: ADDRESS },
      { credential: (name) => (name === 'ledger' ? ADDRESS : undefined) },
    );
    expect(said).toEqual([]);
    expect(config.audit.store).toBe(found);
  });

  test.each([
    'mongo',
    'mysql://root:s3cr3t@db.example.com/ledger',
    'postgres://root:s3cr3t@/ledger',
    'postgres://root:s3cr3t@db:70000/ledger',
    'postgres://root:s3cr3t@db-1,db-2/ledger',
    'postgres://root:s3cr3t@db-1:5432,db-2:5432/ledger?target_session_attrs=read-write',
    'postgres://root:s3cr3t%zz@db/ledger',
    'postgres://r%zzt:s3cr3t@db/ledger',
    'postgres://root:s3cr3t@db/led%zzger',
  ])('%s is refused without being told again', (store) => {
    const { said } = resolve({ audit: { store } });
    expect(said).toEqual([
      expect.stringMatching(/^fatal audit\.store: expected sqlite, or the address of a PostgreSQL database/),
    ]);
    expect(said[0]).not.toContain('s3cr3t');
  });

  test('an address that cannot be found is fatal: rows would go elsewhere', () => {
    expect(resolve({ audit: { store: 'env:ABSENT' } }).said).toEqual([
      'fatal audit.store: environment variable ABSENT is not set',
    ]);
  });
});

describe('redis', () => {
  const ADDRESS = 'rediss://sluice:s3cr%2Ft@redis.example.com:6380/2';

  test('without it, nothing is shared', () => {
    expect(resolve({}).config.redis).toBeNull();
  });

  test.each([
    [ADDRESS, ADDRESS],
    ['env:REDIS_URL', ADDRESS],
    ['credential:redis', ADDRESS],
    ['redis://redis.example.com', 'redis://redis.example.com'],
    ['redis://:only-a-password@[::1]:6379/', 'redis://:only-a-password@[::1]:6379/'],
  ])('%s', (url, found) => {
    const { config, said } = resolve(
      { redis: { url } },
      { REDIS_URL: ADDRESS },
      { credential: (name) => (name === 'redis' ? ADDRESS : undefined) },
    );
    expect(said).toEqual([]);
    expect(config.redis).toEqual({ url: found, prefix: 'sluice:', timeoutMs: 50 });
  });

  test.each([
    'redis.example.com:6379',
    'http://root:s3cr3t@redis.example.com',
    'redis://root:s3cr3t@/0',
    'redis://root:s3cr3t@redis:70000/0',
    'redis://root:s3cr3t@redis-1,redis-2/0',
    'redis://root:s3cr3t@redis/first',
    'redis://root:s3cr3t@redis/0?protocol=3',
    'redis://root:s3cr3t%zz@redis/0',
    'redis://r%zzt:s3cr3t@redis/0',
    'redis://root:s3cr3t@redis/0#first',
  ])('%s is refused without being told again', (url) => {
    const { said } = resolve({ redis: { url } });
    expect(said).toEqual([
      expect.stringMatching(/^fatal redis\.url: expected the address of a Redis server/),
    ]);
    expect(said[0]).not.toContain('s3cr3t');
  });

  test('an address that cannot be found is fatal: the gateway would count apart from the others', () => {
    expect(resolve({ redis: { url: 'env:ABSENT' } }).said).toEqual([
      'fatal redis.url: environment variable ABSENT is not set',
    ]);
  });

  test.each(['{a}:', 'a b:', 'x'.repeat(201)])('a prefix that is refused: %s', (prefix) => {
    expect(parseConfig({ redis: { url: ADDRESS, prefix } }).file).toBeNull();
  });

  test('where it is, in words, is without its credentials', () => {
    expect(redisPlace({ url: ADDRESS })).toBe('redis.example.com:6380/2');
    expect(redisPlace({ url: 'redis://:x@[::1]/0' })).toBe('[::1]:6379');
    const secrets = secretsOfRedis({ url: ADDRESS, prefix: '', timeoutMs: 1 });
    expect(secrets).toEqual([ADDRESS, 's3cr%2Ft', 's3cr/t']);
    expect(secretsOfRedis({ url: 'redis://redis.example.com', prefix: '', timeoutMs: 1 })).toEqual([]);
    expect(secretsOfRedis(null)).toEqual([]);
  });
});
