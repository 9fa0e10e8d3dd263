// Requests to Bedrock are signed as AWS checks them: the signature is computed again here, from the specification.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createHash, createHmac } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWebHost } from '../../src/gateway/host.ts';
import { createAuthorizer } from '../../src/server/authorize.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NAMES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'] as const;
const OTHERS = ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_EC2_METADATA_DISABLED'] as const;
const saved = new Map<string, string | undefined>();

beforeEach(() => {
  for (const name of [...NAMES, ...OTHERS]) {
    saved.set(name, process.env[name]);
    delete process.env[name];
  }
  // No credentials but those of the test.
  process.env.AWS_CONFIG_FILE = '/nonexistent/config';
  process.env.AWS_SHARED_CREDENTIALS_FILE = '/nonexistent/credentials';
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
});
afterEach(() => {
  for (const [name, value] of saved) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

const SECRET = 'sample/secret+key';
const URL_ =
  'https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Ax%2Fy.z-v1%3A0/converse-stream';
const BODY = '{"messages":[{"role":"user","content":[{"text":"Łódź"}]}]}';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** The signature that AWS expects over these headers. */
function expected(url: string, body: string, headers: Record<string, string>, region: string): string {
  const { pathname, host, searchParams } = new URL(url);
  const all: Record<string, string> = { ...headers, host };
  const signed = (/SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '').split(';');
  const date = headers['x-amz-date'] ?? '';
  const path = pathname.split('/').map(encodeURIComponent).join('/');
  const query = [...searchParams].map((pair) => pair.map(encodeURIComponent).join('='));
  const canonical = [
    'POST',
    path,
    query.sort().join('&'),
    ...signed.map((name) => `${name}:${all[name]}`),
    '',
    signed.join(';'),
    sha256(body),
  ].join('\n');
  const scope = `${date.slice(0, 8)}/${region}/bedrock/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key = [region, 'bedrock', 'aws4_request'].reduce(
    hmac,
    hmac(`AWS4${SECRET}`, date.slice(0, 8)) as Buffer,
  );
  return hmac(key, toSign).toString('hex');
}

async function sign(options: Record<string, string>, url = URL_): Promise<Record<string, string>> {
  return createAuthorizer(createWebHost()).authorize('aws-signature', {
    method: 'POST',
    url,
    body: BODY,
    options,
  });
}

describe('with credentials in the environment', () => {
  beforeEach(() => {
    process.env.AWS_ACCESS_KEY_ID = 'AKIDSAMPLE';
    process.env.AWS_SECRET_ACCESS_KEY = SECRET;
  });

  test.each([
    ['of the configuration', { region: 'eu-central-1' }, URL_, 'eu-central-1'],
    ['of the address', {}, URL_, 'eu-west-1'],
    ['with what its address asks', {}, `${URL_}?b=2&a=y%20z&a=1`, 'eu-west-1'],
    ['beside a port', { region: 'us-east-1' }, 'http://127.0.0.1:9/model/m/converse', 'us-east-1'],
  ])('signs for the region %s', async (_, options: Record<string, string>, url, region) => {
    const headers = await sign(options, url);
    expect(headers.authorization).toContain(`Credential=AKIDSAMPLE/`);
    expect(headers.authorization).toContain(`/${region}/bedrock/aws4_request`);
    expect(headers.authorization).toContain('host;');
    expect(headers.authorization).toEndWith(`Signature=${expected(url, BODY, headers, region)}`);
  });

  test('a session’s token is sent and signed', async () => {
    process.env.AWS_SESSION_TOKEN = 'sample-token';
    const headers = await sign({});
    expect(headers['x-amz-security-token']).toBe('sample-token');
    expect(headers.authorization).toContain('x-amz-security-token');
    expect(headers.authorization).toEndWith(`Signature=${expected(URL_, BODY, headers, 'eu-west-1')}`);
  });

  test('without a region it says what to set', async () => {
    await expect(sign({}, 'http://127.0.0.1:9/model/m/converse')).rejects.toThrow('options.region');
  });
});

test('a profile’s credentials are read from the shared file', async () => {
  const path = join(tmpdir(), `sluice-aws-credentials-${process.pid}.ini`);
  await Bun.write(path, `[lab]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = ${SECRET}\n`);
  try {
    process.env.AWS_SHARED_CREDENTIALS_FILE = path;
    const headers = await sign({ profile: 'lab' });
    expect(headers.authorization).toContain('Credential=AKIDPROFILE/');
    expect(headers.authorization).toEndWith(`Signature=${expected(URL_, BODY, headers, 'eu-west-1')}`);
  } finally {
    await Bun.file(path).delete();
  }
});

test('credentials that are written to the shared file later, and replaced in it, are the next ones used', async () => {
  const path = join(temporaryFolder('aws'), 'credentials');
  process.env.AWS_SHARED_CREDENTIALS_FILE = path;
  const { authorize, authorizationRefused } = createAuthorizer(createWebHost());
  const ask = () => ({ method: 'POST', url: URL_, body: BODY, options: {} });
  const write = (token: string) =>
    Bun.write(
      path,
      `[default]\naws_access_key_id = AKIDSAMPLE\naws_secret_access_key = ${SECRET}\naws_session_token = ${token}\n`,
    );
  const tokenOf = async (request: ReturnType<typeof ask>) =>
    (await authorize('aws-signature', request))['x-amz-security-token'];
  await expect(tokenOf(ask())).rejects.toThrow(/credentials/i);
  await write('first');
  const [one, other] = [ask(), ask()];
  expect([await tokenOf(one), await tokenOf(other)]).toEqual(['first', 'first']);
  await write('second');
  expect(authorizationRefused('aws-signature', other, undefined)).toBe(true);
  expect(await tokenOf(ask())).toBe('second');
});

test('without credentials it fails, and names no secret', async () => {
  await expect(sign({})).rejects.toThrow(/credentials/i);
});
