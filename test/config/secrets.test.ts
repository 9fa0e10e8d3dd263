// Where secrets are read from, and what is reported when one is missing.
import { describe, expect, test } from 'bun:test';
import { resolveSecret, type SecretSources } from '../../src/config/secrets.ts';

const SOURCES: SecretSources = {
  environment: { KEY: 'from-environment', PADDED: ' padded\n', EMPTY: '', BROKEN: 'one\ntwo' },
  readFile(path) {
    const files: Record<string, string> = { '/run/key': 'from-file\n', blank: ' \n' };
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    return text;
  },
  credential: (name) => (name === 'mine' ? 'from-store' : undefined),
};

test.each([
  ['env:KEY', 'from-environment'],
  ['env:PADDED', 'padded'],
  ['file:/run/key', 'from-file'],
  ['credential:mine', 'from-store'],
  ['sk-literal', 'sk-literal'],
  ['environment:KEY', 'environment:KEY'],
  ['$literal', '$literal'],
  ['a$KEY', 'a$KEY'],
])('%s', (reference, value) => {
  expect(resolveSecret(reference, SOURCES)).toEqual({ value });
});

describe('problems', () => {
  test.each([
    ['env:ABSENT', 'environment variable ABSENT is not set'],
    ['env:EMPTY', 'environment variable EMPTY is not set'],
    ['', 'the value is empty'],
    ['$KEY', 'shell variables are not expanded here; write env:NAME'],
    [`\${key}`, 'shell variables are not expanded here; write env:NAME'],
    ...['%KEY%', '{env:KEY}', 'os.environ/KEY', 'env.KEY', '{{ KEY }}', `\${{ secrets.KEY }}`, 'ENV:KEY'].map(
      (reference) => [reference, 'variables of other programs are not expanded here; write env:NAME'],
    ),
    ['env:', 'a name is missing after "env:"'],
    [
      'file:/absent',
      'file /absent does not exist; a relative path starts at the folder of the configuration file',
    ],
    ['file:blank', 'file blank is empty'],
    ['credential:other', 'credential other is not stored; store it with "sluice credentials store other"'],
    // The key itself where its name belongs.
    ['env:gsk_abcdefghijklmnop', 'environment variable [redacted] is not set'],
    [
      'env:sk-ant-api03-abcdef',
      'what follows env: is not the name of a variable; a key itself is written without env:',
    ],
    [
      'file:sk-ant-api03-abcdef',
      'file [redacted] does not exist; a relative path starts at the folder of the configuration file',
    ],
    [
      'credential:sk-ant-api03-abcdef',
      'credential [redacted] is not stored; store it with "sluice credentials store [redacted]"',
    ],

    ['env:BROKEN', 'environment variable BROKEN has characters that a header cannot contain'],
    ['sk-\u2026', 'the value has characters that a header cannot contain'],
  ])('%j', (reference, problem) => {
    expect(resolveSecret(reference, SOURCES)).toEqual({ problem });
  });

  test('a credential store that cannot be read says why', () => {
    const credential = () => {
      throw new Error('the keychain is locked');
    };
    expect(resolveSecret('credential:mine', { ...SOURCES, credential })).toEqual({
      problem: 'credential mine: the keychain is locked',
    });
  });

  test('without a credential store', () => {
    const secret = resolveSecret('credential:mine', { ...SOURCES, credential: null });
    expect(secret.problem).toStartWith('this gateway has no credential store');
  });
});
