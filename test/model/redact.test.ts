// Secrets in text: none may stay, not even a prefix, and ordinary text must (GUARANTEES 18).
import { describe, expect, test } from 'bun:test';
import { createRedactor } from '../../src/model/redact/redact.ts';

const redact = createRedactor([]);

describe('known secrets', () => {
  const secret = 'qwertz-7/a+b=ü"x';
  const known = createRedactor([secret, 'tiny', 'longer-secret-tail', 'longer-secret']);

  test('go wherever they stand, as often as they do', () => {
    expect(known(`a ${secret} b ${secret}`)).toBe('a [redacted] b [redacted]');
    expect(known('xlonger-secretx')).toBe('x[redacted]x');
  });

  test('go in a URL, in JSON and in JSON in a URL', () => {
    expect(known(`/x/${encodeURIComponent(secret)}/y`)).toBe('/x/[redacted]/y');
    expect(known(JSON.stringify({ a: secret }))).toBe('{"a":"[redacted]"}');
  });

  test('go as servers of other languages write them', () => {
    const strange = 'qzKey/a+b=c&d<e>f';
    const redactStrange = createRedactor([strange]);
    for (const written of [
      encodeURIComponent(strange).replace(/%../g, (code) => code.toLowerCase()),
      'qzKey\\/a+b=c&d<e>f',
      'qzKey/a\\u002Bb=c\\u0026d\\u003Ce\\u003Ef',
      'qzKey/a+b=c\\u0026d\\u003ce\\u003ef'.replace('+', '\\u002b'),
      'qzKey/a+b=c&amp;d&lt;e&gt;f',
      'qzKey&#x2F;a+b&#x3D;c&amp;d&lt;e&gt;f',
    ])
      expect(redactStrange(`key ${written}.`)).toBe('key [redacted].');
  });

  test('go where only their beginning is reported, if that is no word', () => {
    const redactBeginnings = createRedactor([
      'qzSecret-Hx7Lw2mKp9',
      '0123abcd-4567',
      'context-1m-2025-08-07',
      '2025-08-07-12',
      'tooShort-11',
      'b2/behind-a-sign',
    ]);
    for (const part of [
      'qzSecret',
      'qzSecret-Hx',
      'qzSecretXXXXXX',
      'qzSecret*mKp9',
      'qzSecret[...]',
      '0123abcd-',
    ])
      expect(redactBeginnings(`a key that begins with "${part}" is none`)).toBe(
        'a key that begins with "[redacted]" is none',
      );
    const ordinary = 'context-free, 2025-08-09, qzSec, 0123abc, tooShort, b2';
    expect(redactBeginnings(ordinary)).toBe(ordinary);
  });

  test('of two that begin alike, each goes whole', () => {
    const alike = createRedactor(['qzTeam01-a', 'qzTeam01-abcdef', 'qzTeam01-abcdeg']);
    expect(alike('qzTeam01-abcdeg, qzTeam01-abcdef qzTeam01-a')).toBe('[redacted], [redacted] [redacted]');
  });

  test('the longer of two that overlap goes whole', () => {
    expect(known('longer-secret-tail')).toBe('[redacted]');
  });

  test('of fewer than six characters are left: they are words', () => {
    expect(known('a tiny thing')).toBe('a tiny thing');
  });

  test('go when masked, whatever their shape', () => {
    for (const masked of ['qwe***b=ü"x', 'qwertz…', 'qwertz-7...', '***secret-tail', '••••secret']) {
      expect(`${masked} → ${known(masked)}`).toStartWith(`${masked} → [redacted]`);
    }
    const ordinary = 'so...... what **bold** and 1…2, xert*** within';
    expect(known(ordinary)).toBe(ordinary);
  });

  test('masked with signs in them, or behind a sign, go without what is beside them', () => {
    const withSigns = createRedactor(['user=qwe:rtz-7890']);
    expect(withSigns('it was user=qwe:*** alone')).toBe('it was [redacted] alone');
    expect(known('it was (key=longer-s…)')).toBe('it was (key=[redacted])');
  });

  test('are suspected, masked too', () => {
    for (const text of ['a longer-secret is here', 'it was qwertz…'])
      expect(known.suspects(text, text)).toBe(true);
  });
});

describe('what is shaped like a key', () => {
  const keys = [
    'sk-abcdefghijklmnopqrstuvwx',
    'sk-proj-AbC_123-xyz',
    'sk-ant-api03-AAAA-BBBB_CCCC',
    'sk-ant-oat01-abcdef',
    'sk-or-v1-0123456789abcdef',
    'sk-abc***xyz',
    'sk-proj-********************1234',
    'sk-...wxyz',
    'sk-…wxyz',
    'AIzaSyA-1234567890abcdefghijklmnopqrstu',
    'AIzaSy******************',
    'gsk_abcdefghijklmnop',
    'xai-abcdefghijklmnop',
    'xai-a1bcdefghij',
    'xai-ab***yz',
    'xai-...wxyz',
    'hf_abcdefGHIJKLmnopqrSTUVwxyzabCDefgh',
    'pplx-abcdefGHIJKLmnopqrSTUVwxyzabCDefghIJklMNopQRstUV',
    'pplx-0123456789abcdef0123456789abcdef0123456789abcdef',
    'pplx-0123***cdef',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl',
    'abcd****************wxyz',
    'ya29.a0AfH6SMBx-abc',
    'tgp_v1_abcdefghijklmnopqrst',
    'fw_3abcdefghijklmnopqrstu',
    'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
    'gho_abcdefghijklmnopqrstuvwxyz0123456789',
    'ghu_abcdefghijklmnopqrstuvwxyz0123456789',
    'ghs_abcdefghijklmnopqrstuvwxyz0123456789',
    'ghr_abcdefghijklmnopqrstuvwxyz0123456789',
    'ghs_a1b***yz',
    'github_pat_11ABCDEFG0abcdefghij_klmnopqrstuvwxyz',
    'glpat-abcdefghij_KLMN-1234',
    'glpat-bzoxAbCdEfGhIjKlMnOpQrStUvWxYz.01.0w1abcdef',
    'npm_abcdefghijklmnopqrstuvwxyz0123456789',
    'sk_live_51AbCdEfGhIjKlMnOpQrStUv',
    'rk_test_51AbCdEfGhIjKlMnOpQrStUv',
    'whsec_AbCdEfGhIjKlMnOpQrStUvWxYz012345',
    'whsec_AbC/EfGhIj+lMnOpQrStUvWxYz0123456789abcdef+=',
    'sk_test_****************4242',
    'xoxb-123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx',
    'xoxe.xoxp-1-AbCdEfGhIjKlMnOp',
    'xoxd-AbCdEfGh%2BIjKl%2F0',
    'xapp-1-A0123456789-1234567890123-abcdef',
    'ABSKQmVkcm9ja0FQSUtleS1hYmNkLWF0LTEyMzQ1Njc4OTAxMjphYmNk/ab+c=',
  ];
  for (const key of keys) {
    test(key, () => {
      expect(redact(`Incorrect API key provided: ${key}. See the docs.`)).toBe(
        'Incorrect API key provided: [redacted]. See the docs.',
      );
      expect(redact(`{"key":"${key}","n":1}`)).toBe('{"key":"[redacted]","n":1}');
      expect(redact(key)).toBe('[redacted]');
    });
  }
});

describe('a key behind an escape, whose letter is no part of a word', () => {
  const keys = ['sk-ant-api03-AAAA-BBBB', 'gsk_abcdefghijklmnop', 'xai-a1bcdefghij', 'csk-abcdefghijk'];
  keys.push(
    'hf_abcdefGHIJKLmnopqrSTUVwxyzabCDefgh',
    'ya29.a0AfH6SMBx-abc',
    'eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl',
  );
  for (const before of ['\n', '\r\n', '\t', '\b', '\f', '\u001b[0m', '%20', '%3D', '\u2028', '\\n'])
    test(JSON.stringify(before), () => {
      for (const key of [...keys, 'Bearer abcdef12']) {
        const text = `keys:${before}${key}`;
        const clean = `keys:${before}${key.startsWith('Bearer') ? 'Bearer [redacted]' : '[redacted]'}`;
        // In a body, and in the arguments of a tool, which are JSON in JSON.
        const inJson = JSON.stringify({ text });
        expect(redact(text)).toBe(clean);
        expect(redact(inJson)).toBe(JSON.stringify({ text: clean }));
        expect(redact(JSON.stringify({ inJson }))).toBe(
          JSON.stringify({ inJson: JSON.stringify({ text: clean }) }),
        );
      }
    });
});

describe('what stands where keys stand', () => {
  const cases: [given: string, wanted: string][] = [
    ['{"apiKey":"0123abc"}', '{"apiKey":"[redacted]"}'],
    ['{\\"api_key\\": \\"0123abc\\"}', '{\\"api_key\\": \\"[redacted]\\"}'],
    ['Authorization: Token 0123abc', 'Authorization: Token [redacted]'],
    ['{"access_token":"0123abcdefgh/+="}', '{"access_token":"[redacted]"}'],
    ['{"authorization_token":"letters-alone"}', '{"authorization_token":"[redacted]"}'],
    ['{"headers":{"X-Auth-Token":"0123456789abcdef"}}', '{"headers":{"X-Auth-Token":"[redacted]"}}'],
    // Of letters, which are not told from words elsewhere.
    ['{"headers":{"X-Auth":"opaque letters"}}', '{"headers":{"X-Auth":"[redacted]"}}'],
    ['{"headers":{"x-auth-token": "opaque"}}', '{"headers":{"x-auth-token": "[redacted]"}}'],
    [
      '{"headers":{"x-lab-secret":"opaque","x-lab":"a"}}',
      '{"headers":{"x-lab-secret":"[redacted]","x-lab":"a"}}',
    ],
    ['{"headers":{"X-Api-Key":"opaque"}}', '{"headers":{"X-Api-Key":"[redacted]"}}'],
    // A value with quotation marks of its own.
    [
      '{"headers":{"X-Auth":"Digest \\"opaque\\", a=\\"b\\"","x-lab":"a"}}',
      '{"headers":{"X-Auth":"[redacted]","x-lab":"a"}}',
    ],
    ['{"x-lab-secret":"a\\"opaque\\\\"}', '{"x-lab-secret":"[redacted]"}'],
    ['Authorization: Token token="0123abc"', 'Authorization: Token token="[redacted]"'],
    ['{"Authorization":"Token token=\\"0123abc\\""}', '{"Authorization":"Token token=\\"[redacted]\\""}'],
    ['{"client_secret":"0123abcd"}', '{"client_secret":"[redacted]"}'],
    [
      'host:bedrock.test\nx-amz-security-token:FQoGZXIvYXdzEJr//////////wEaDA==\n',
      'host:bedrock.test\nx-amz-security-token:[redacted]\n',
    ],
    ['https://0123456789abcdefghij@git.test/x', 'https://[redacted]@git.test/x'],
    ['authorization: Bearer abc', 'authorization: Bearer [redacted]'],
    ['{"authorization":"Bearer a.b-c_d~e+f/g="}', '{"authorization":"Bearer [redacted]"}'],
    ['AUTHORIZATION: BEARER token-1', 'AUTHORIZATION: BEARER [redacted]'],
    ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [redacted]'],
    [
      'Incorrect API key provided: not-a-r****key. Find it',
      'Incorrect API key provided: [redacted]. Find it',
    ],
    ['the header Bearer abcdefgh.12345678 is refused', 'the header Bearer [redacted] is refused'],
    ['x-api-key: 0123abc', 'x-api-key: [redacted]'],
    ["headers: { 'x-goog-api-key': 'zz9' }", "headers: { 'x-goog-api-key': '[redacted]' }"],
    [
      'GET /v1beta/models?alt=sse&key=abc%20d&x=1 failed',
      'GET /v1beta/models?alt=sse&key=[redacted]&x=1 failed',
    ],
    ['https://h/x?api_key=abc', 'https://h/x?api_key=[redacted]'],
    ['nvapi-hf_AIzaabcdef', '[redacted]'],
    ['https://h/x?access_token=abc#f', 'https://h/x?access_token=[redacted]#f'],
    ['postgres://user:pa55@db:5432/x', 'postgres://[redacted]@db:5432/x'],
    ['redis://:pa55@cache/0', 'redis://[redacted]@cache/0'],
    ['bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9B is', 'bedrock-api-key-[redacted] is'],
    [
      "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG\nAWS_SESSION_TOKEN='FQoGZXIvYXdzEJr//w=='",
      "AWS_SECRET_ACCESS_KEY=[redacted]\nAWS_SESSION_TOKEN='[redacted]'",
    ],
    [
      'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG\naws_session_token = FQoGZXIvYXdzEJr//w==\n',
      'aws_secret_access_key = [redacted]\naws_session_token = [redacted]\n',
    ],
    ['"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG",', '"SecretAccessKey": "[redacted]",'],
    ['"SessionToken": "FQoGZXIvYXdzEJr//w==",', '"SessionToken": "[redacted]",'],
    [
      '<SecretAccessKey>wJalrXUtnFEMI/K7MDENG</SecretAccessKey><SessionToken>\n FQoGZXIvYXdzEJr//w==</SessionToken>',
      '<SecretAccessKey>[redacted]</SecretAccessKey><SessionToken>\n [redacted]</SessionToken>',
    ],
    [
      'https://h/x?my_secret=abc&client_secret=abcdefgh',
      'https://h/x?my_secret=[redacted]&client_secret=[redacted]',
    ],
    [
      'declare -x AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG"',
      'declare -x AWS_SECRET_ACCESS_KEY="[redacted]"',
    ],
    [
      '{"text":"AWS_SESSION_TOKEN=\\"FQoGZXIvYXdzEJr//w==\\""}',
      '{"text":"AWS_SESSION_TOKEN=\\"[redacted]\\""}',
    ],
  ];
  for (const [given, wanted] of cases)
    test(given, () => {
      expect(redact(given)).toBe(wanted);
      expect(redact.suspects(given, given)).toBe(true);
      // As a stream is told, of which only the stretches between quotation marks are left together.
      expect(redact.suspects(given, given.split('"').reverse().join('"'))).toBe(true);
    });

  test('what is redacted already stays as it is, and is no longer suspected', () => {
    for (const [, clean] of cases) expect(redact(clean)).toBe(clean);
    expect(redact.suspects('GET /x?key=[redacted]&a=1', 'GET /x?key=[redacted]&a=1')).toBe(false);
  });

  test('words that keys begin with are no suspicion where no key follows', () => {
    const prose =
      'a **bold** task-list, e.g. risk-free... the bearer of eyJ, see https://h/x?key= and [a](b@c)';
    expect(redact(prose)).toBe(prose);
    expect(redact.suspects(prose, prose)).toBe(false);
  });

  test('a secret with a quotation mark is suspected where it stands', () => {
    const known = createRedactor(['"#qz"-secret']);
    const text = 'it is "#qz"-secret';
    expect(known.suspects(text, text.split('"').reverse().join('"'))).toBe(true);
    expect(known.suspects('it is none', 'it is none')).toBe(false);
  });
});

describe('ordinary text stays as it is', () => {
  const texts = [
    '{"headers":{"x-request-key":"abcdefgh","x-auth-mode":"abcdefgh","x-auth":{"type":"string"}}}',
    '{"text":"{\\"x-auth-token\\": \\"your-token\\"}"}',
    '',
    'The model overloaded; try again in 5 s.',
    'locale sk-SK, task-force-one, risk-averse-investor, disk-usage-report',
    'providers.xai-europe.bogus: unknown key; xai-production/xai-grok-4-fast did not answer',
    'a bearer token is required; use the Bearer scheme, or bearer authentication',
    'x-api-key header is missing; set x-api-key: it is required',
    'providers.openai.api_key: env:OPENAI_API_KEY is not set',
    'monkey=1 in prose, and f(key=value) in code',
    '**bold** and ***both*** and a ... b',
    'mail me@example.org at https://example.org:8080/a@b',
    'npm i hf_transfer',
    'perplexity/pplx-embed-context-v1-0.6b, pplx-embed-context-v1-4b and pplx-70b-online',
    'from huggingface_hub import hf_hub_download, hf_internationalization_of_models',
    'npm_config_registry, npm_package_dependencies_typescript and npm_lifecycle_event2',
    'npm_config_* and npm_package_… are set, hf_hub_... too',
    'this.sessionToken = base64EncodedToken(it), sessionToken: oauth2SessionTokenProviderOfTheRole',
    'github_pat_authenticationtoken, ghs_pages_of_the_site, ghr_internationalization',
    'sk_test_split_of_the_data, sk_live_preview_environment and whsec_of_the_endpoint',
    'xoxo-from-your-friend-at-the-office-since-2012, xoxo-2019-with-love-from-the-office',
    'sk-telecom-production-2024, SK-Telecom and sk-Hynix-gpt-4o-v2 are projects; sk-telecom/llama-3.1-70b-sk-tuned too',
    'It takes a bearer credential. It is a bearer token.\nUse bearer keys.',
    'glpat- begins those of GitLab, xoxb-your-token-here those of Slack',
    'session: { sessionToken: useSessionTokenOfTheRole() }, <SessionToken>{sessionTokenOfTheRole}</SessionToken>',
    'new Client({ secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY, secret_access_key: settings.secret_access_key })',
    'client(aws_secret_access_key=aws_secret_access_key, aws_session_token=sessionTokenOfTheRole)',
    'fw_update_of_the_firmware_2, fw_abcdefghijklmnopqrstuvw, ghp_pages and absk',
    `an image: iVBORw0KGgo/ABSK${'aB3/'.repeat(20)}`,
    '{"max_tokens":1024,"access_token":null,"security-token":"x"}',
    'C:\\\\tasks\\\\desk-lamp and https://someone@example.org',
    '日本語 🦭 ünïcödé',
  ];
  for (const text of texts) test(text, () => expect(redact(text)).toBe(text));

  test('and a long one without hints comes back as the same value', () => {
    const long = 'data: {"text":"hello world"}\n\n'.repeat(10_000);
    expect(createRedactor(['some-secret-1', 'some-secret-2'])(long)).toBe(long);
  });
});

test('no shape takes time out of proportion to the text', () => {
  // Quadratic patterns would need minutes for these.
  for (const piece of [
    'sk-',
    'bearer ',
    'eyJ',
    'eyJ-',
    'eyJ-a.bcde',
    '://a:',
    '****',
    '?key=',
    'x-api-key: ',
    'xoxa-',
    'xoxe.xoxp-',
    'hf_',
    'sessiontoken=',
    'a'.repeat(10),
    '..',
    '…',
  ]) {
    const text = `****${piece.repeat(100_000)}***`;
    expect(createRedactor(['some-secret'])(text)).toBeString();
  }
});

// The runtime gives up on a group that is repeated more than a million times, as if nothing were there.
test.each(['sk-', 'aiza', 'gsk_', 'bearer ', 'api_key=', 'authorization: ', '?key='])(
  'what follows %j goes whole however long it is',
  (name) => {
    const redact = createRedactor([]);
    const rest = redact(`${name}${'a1-'.repeat(1_000_000)} ends`).replace(name, '');
    expect(rest.length < 99 ? rest : `${rest.length} characters`).toBe('[redacted] ends');
  },
);

test('many secrets of one client, looked for beside many masks, take no time out of proportion', () => {
  const secrets = Array.from({ length: 150 }, (_, at) => `abc"${at}${'+/x'.repeat(40)}`);
  const text = 'abc*** '.repeat(20_000);
  expect(createRedactor(secrets)(text)).toBe('[redacted] '.repeat(20_000));
});

// As vendors word their refusals; the keys are nobody's.
test.each([
  'Incorrect API key provided: sk-abc-proxy. You can find your key',
  'OPENAI_API_KEY=sk-abc-proxy-key',
  'authorization: Bearer sk-abc-proxy-key',
  'Incorrect API key provided: sk-proj-abc123def456ghi. You can find your key',
  'Incorrect API key provided: sk-ab******************wxyz. You can find',
  'Your api key: ****wxyz is invalid',
  'invalid api key: 0123abcdef0123abcdef',
  'Bearer 0123abcdef0123abcdef is not known',
  'API key not valid: AIzaSy0123abcdef0123abcdef',
  'gsk_0123abcdef0123abcdef was revoked',
])('quotes no key that it does not know: %s', (message) => {
  const said = createRedactor([])(message);
  expect(said).toContain('[redacted]');
  expect(said).not.toMatch(/abc|wxyz|sk-ab/);
});

test('a known secret with marks in it goes whole from both sides of a long mask', () => {
  const secret = 'abHeader:Vb3/Nn8=Rt5+Yy1';
  const redact = createRedactor([secret]);
  expect(redact(`key ${secret.slice(0, 10)}*****${secret.slice(-4)} fails`)).toBe('key [redacted] fails');
});

test.each(['qzSecret1-a"bcdef', 'qz"ab"cdef', 'qzab\\nm"b c'])(
  'a known secret that holds a mark at which words end goes from both sides of a mask: %s',
  (secret) => {
    const redact = createRedactor([secret]);
    const inJson = JSON.stringify(secret).slice(1, -1);
    for (const written of [secret, inJson])
      for (const mask of ['***', '…', '******']) {
        for (const shown of [3, 5])
          expect(redact(`key ${written.slice(0, shown)}${mask}${written.slice(-shown)} fails`)).toBe(
            'key [redacted] fails',
          );
        expect(redact(`key ${mask}${written.slice(-5)} fails`)).toBe('key [redacted] fails');
        expect(redact(`key ${written.slice(0, 5)}${mask} fails`)).toBe('key [redacted] fails');
      }
    expect(redact('ab "cd"*** or ***"e f"')).toBe('ab "cd"*** or ***"e f"');
  },
);

test('a beginning that is no word by itself goes with its mask, and with what that leaves behind a quotation mark', () => {
  const redact = createRedactor(['qzSecret1-a"bcdef']);
  expect(redact('key qzSecret1***"bcdef fails')).toBe('key [redacted] fails');
});
