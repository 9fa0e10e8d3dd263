// A gateway that serves TLS by itself: the official SDKs, as their users set them up, streams event by event, clients that
// leave or stop reading, and a certificate that is renewed under way.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ConfigInput } from '../../src/index.ts';
import { reservePort } from '../../src/server/listen.ts';
import { createAuthority } from '../support/certificates.ts';
import { runCommand } from '../support/cli-run.ts';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import { type ReplayUpstream, startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const ROOT = resolve(import.meta.dir, '..', '..');
const TEMPORARY = temporaryFolder('tls');
afterAll(() => rmSync(TEMPORARY, { recursive: true }));

const AUTHORITY = createAuthority('Lab');
const CERT = join(TEMPORARY, 'fullchain.pem');
const KEY = join(TEMPORARY, 'privkey.pem');
const TRUSTING = { tls: { ca: AUTHORITY.certificate } };
const FIRST = utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta('Hi'));
const ASK = { model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };

interface Issued {
  certificate: string;
  key: string;
}

const issue = (): Issued => AUTHORITY.issue({ names: ['127.0.0.1', 'localhost'] });

function install({ certificate, key }: Issued): void {
  // The authority follows, as where somebody made their own.
  writeFileSync(CERT, certificate + AUTHORITY.certificate);
  writeFileSync(KEY, key, { mode: 0o600 });
}

/** Each SDK in Node, set up by nothing but its environment; prints what each said. */
const CLIENTS = `
  import Anthropic from '@anthropic-ai/sdk';
  import OpenAI from 'openai';
  import { GoogleGenAI } from '@google/genai';
  const model = 'simulator/tokens=5';
  const messages = [{ role: 'user', content: 'Hello' }];
  const join = async (parts, textOf) => {
    let text = '';
    for await (const part of parts) text += textOf(part) ?? '';
    return text;
  };
  const said = await Promise.all([
    join(
      new Anthropic().messages.stream({ model, max_tokens: 20, messages }),
      (event) => (event.type === 'content_block_delta' ? event.delta.text : ''),
    ),
    join(
      await new OpenAI().chat.completions.create({ model, stream: true, messages }),
      (chunk) => chunk.choices[0]?.delta?.content,
    ),
    join(
      await new OpenAI().responses.create({ model, stream: true, input: 'Hello' }),
      (event) => (event.type === 'response.output_text.delta' ? event.delta : ''),
    ),
    join(
      await new GoogleGenAI({ httpOptions: { baseUrl: process.env.GOOGLE_GEMINI_BASE_URL } }).models.generateContentStream({ model, contents: 'Hello' }),
      (chunk) => chunk.text,
    ),
  ]);
  console.log(JSON.stringify(said));
`;

for (const workers of process.platform === 'linux' ? [1, 2] : [1]) {
  describe(`TLS served by ${workers} of its processes`, () => {
    let upstream: ReplayUpstream;
    let sluice: SluiceProcess;
    let config: ConfigInput;
    beforeAll(async () => {
      install(issue());
      upstream = await startReplayUpstream(
        replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } }),
      );
      const { providers, ...lab } = labConfig(upstream.url);
      // The commands find it by its configuration.
      const port = await reservePort('127.0.0.1', 0);
      const server = { port, tls: { cert: CERT, key: KEY } };
      const simulator = {};
      config = { ...lab, providers: { ...providers, simulator }, server };
      sluice = await startSluice({ config, workers, port });
    });
    afterAll(async () => {
      await sluice[Symbol.asyncDispose]();
      await upstream.stop();
    });

    /** A command of this user, who has the gateway's configuration. */
    const command = (...args: string[]) =>
      runCommand(args, {
        environment: { HOME: sluice.home, SLUICE_HOME: sluice.home, PATH: process.env.PATH ?? '' },
        directory: sluice.home,
      });

    /** Sends a request that hangs after its first event. */
    async function begin(path = '/v1/messages') {
      const index = upstream.requests.length;
      const client = await connectRaw(sluice.port, AUTHORITY.certificate);
      client.write(postText(path, ASK));
      await client.until((text) => text.includes('Hi'));
      return { client, request: await upstream.request(index) };
    }

    test('the address says https, and the line to try trusts the certificate', async () => {
      await sluice.wrote(/ try .*\n/);
      expect(sluice.url).toBe(`https://127.0.0.1:${sluice.port}`);
      expect(sluice.output()).toContain(`--cacert ${CERT} https://127.0.0.1:${sluice.port}/v1/chat`);
    });

    test('the official SDKs stream through "sluice run", each in its dialect', async () => {
      const address = ['--config', join(sluice.home, 'sluice.json')];
      const child = Bun.spawn(
        [
          Bun.which('node') ?? 'node',
          join(ROOT, 'bin/sluice'),
          'run',
          ...address,
          'node',
          '--input-type=module',
          '-e',
          CLIENTS,
        ],
        {
          cwd: ROOT,
          env: { PATH: process.env.PATH ?? '', HOME: sluice.home, SLUICE_HOME: join(TEMPORARY, 'none') },
          stdout: 'pipe',
          stderr: 'pipe',
        },
      );
      const [out, err] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      expect(err).toBe('');
      const said = JSON.parse(out) as string[];
      expect(said).toHaveLength(4);
      expect(said[0]).not.toBe('');
      expect(new Set(said).size).toBe(1);
    });

    for (const path of ['/v1/messages', '/v1/chat/completions']) {
      test(`${path}: an event arrives before the next is sent, and a client that leaves cancels the upstream`, async () => {
        const { client, request } = await begin(path);
        client.leave();
        expect(await request.ended).toBe('left');
      });

      test(`${path}: a client that does not read holds the upstream back`, async () => {
        const delta = utf8(MESSAGE.delta('x'.repeat(16 * 1024)));
        function* endless() {
          yield utf8(MESSAGE.start + MESSAGE.block);
          for (;;) yield delta;
        }
        const index = upstream.requests.length;
        upstream.answer(() => replyWith(endless()));
        const client = await connectRaw(sluice.port, AUTHORITY.certificate);
        client.write(postText(path, ASK));
        await client.until((text) => text.includes('xxxx'));
        client.pause();
        const request = await upstream.request(index);
        let seen = -1;
        // An upstream that is not held back never comes to rest.
        while (seen !== request.bytesSent) {
          seen = request.bytesSent;
          await Bun.sleep(200);
        }
        const already = client.bytesReceived();
        client.resume();
        await client.until(() => client.bytesReceived() > already + 32 * 1024 * 1024);
        expect(request.bytesSent).toBeGreaterThan(seen);
        client.leave();
        expect(await request.ended).toBe('left');
        upstream.answer(replyWith([FIRST], { fault: { kind: 'hang', after: FIRST.length } }));
      });
    }

    test('its own page is of the same origin, one with the same name over HTTP is not', async () => {
      const ask = (origin: string) =>
        fetch(`${sluice.url}/gateway/health`, { headers: { origin }, ...TRUSTING }).then((r) => r.status);
      expect(await ask(sluice.url)).toBe(200);
      expect(await ask(sluice.url.replace('https', 'http'))).toBe(403);
    });

    test('"sluice doctor" finds nothing wrong', async () => {
      const address = ['--config', join(sluice.home, 'sluice.json')];
      const { code, out } = await command('doctor', ...address, '--model', 'simulator/tokens=20,rate=100');
      expect(out).toContain('all checks passed');
      expect(code).toBe(0);
    });

    test('commands with an address from elsewhere want its certificate to be trusted', async () => {
      const { code, err, out } = await command('doctor', '--url', `https://localhost:${sluice.port}`);
      expect(code).toBe(1);
      expect(err + out).toContain('its certificate is not trusted here');
      expect((await command('doctor', '--url', `http://127.0.0.1:${sluice.port}`)).out).toContain(
        'try https:// in place of http://',
      );
    });

    test('a renewed certificate is shown from then on, a wrong one is refused, and what is open goes on', async () => {
      const { client, request } = await begin();
      const socket = openSocket(sluice.port);
      expect(await socket.ask()).toBe('response.completed');
      const renewed = issue();
      const isUsed = sluice.writes(/the changed certificate is in use/);
      install(renewed);
      await isUsed;
      // Only the renewed one is accepted; every process is asked.
      const pinned = { tls: { ca: AUTHORITY.certificate, checkServerIdentity: same(renewed.certificate) } };
      for (let asked = 0; asked < 8; asked++)
        expect((await fetch(`${sluice.url}/gateway/health`, { ...pinned, keepalive: false })).status).toBe(
          200,
        );

      const isRefused = sluice.writes(/the changed certificate is refused; the previous one stays in use/);
      writeFileSync(KEY, issue().key, { mode: 0o600 });
      await isRefused;
      expect(sluice.output()).toContain(`${KEY} is not the key of the first certificate in ${CERT}`);
      for (let asked = 0; asked < 8; asked++)
        expect((await fetch(`${sluice.url}/gateway/health`, { ...pinned, keepalive: false })).status).toBe(
          200,
        );
      const statusOfHealth = async () => (await sluice.get<{ status: string }>('/gateway/health')).status;
      expect(await statusOfHealth()).toBe('degraded');
      install(issue());
      await eventually(async () => (await statusOfHealth()) === 'healthy');

      expect(await socket.ask()).toBe('response.completed');
      socket.close();
      expect(request.abortedAt).toBeNull();
      client.leave();
      expect(await request.ended).toBe('left');
    });

    test('one that has expired is told in health, until it is renewed', async () => {
      const health = () =>
        sluice.get<{ status: string; tls: { ok: boolean; valid_until: string } }>('/gateway/health');
      const until = async (ok: boolean) => {
        for (;;) {
          const { status, tls } = await health();
          if (tls.ok === ok) return { status, tls };
          await Bun.sleep(50);
        }
      };
      expect(await health()).toMatchObject({ status: 'healthy', tls: { ok: true } });
      install(AUTHORITY.issue({ names: ['127.0.0.1'], valid: 'past' }));
      expect(await until(false)).toMatchObject({
        status: 'degraded',
        tls: { valid_until: '2020-02-01T00:00:00.000Z' },
      });
      install(issue());
      expect((await until(true)).status).toBe('healthy');
    });

    test('a renewed certificate does not wait until somebody has mended the configuration', async () => {
      const isBroken = sluice.writes(/the changed configuration is refused/);
      sluice.writeConfig('{');
      await isBroken;
      const renewed = issue();
      const isUsed = sluice.writes(/the next start will fail[\s\S]*the changed certificate is in use/);
      install(renewed);
      await isUsed;
      const pinned = { tls: { ca: AUTHORITY.certificate, checkServerIdentity: same(renewed.certificate) } };
      expect((await fetch(`${sluice.url}/gateway/health`, { ...pinned, keepalive: false })).status).toBe(200);
      sluice.writeConfig(config);
      const isMended = async () => (await sluice.get<{ status: string }>('/gateway/health')).status;
      await eventually(async () => (await isMended()) === 'healthy');
    });
  });
}

/** As Bun has it; browsers trust whom their user does. */
const SocketTrusting = WebSocket as unknown as new (url: string, options: typeof TRUSTING) => WebSocket;

/** A WebSocket of OpenAI's clients. */
function openSocket(port: number) {
  const socket = new SocketTrusting(`wss://127.0.0.1:${port}/v1/responses`, TRUSTING);
  const opened = new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error('no WebSocket was opened')));
  });
  return {
    /** Resolves to the type of the event that ends the answer, or to why there is none. */
    async ask(): Promise<string> {
      await opened;
      const { promise, resolve } = Promise.withResolvers<string>();
      const left = new AbortController();
      const hear = (event: MessageEvent) => {
        const { type } = JSON.parse(String(event.data)) as { type: string };
        if (/^(response\.(completed|failed)|error)$/.test(type)) resolve(type);
      };
      socket.addEventListener('message', hear, { signal: left.signal });
      socket.addEventListener('close', ({ code }) => resolve(`closed with ${code}`));
      socket.send(JSON.stringify({ type: 'response.create', model: 'simulator/tokens=3', input: 'hi' }));
      return promise.finally(() => left.abort());
    },
    close: () => socket.close(),
  };
}

/** A check of the server's name that accepts only this certificate. */
function same(certificate: string) {
  const expected = certificate.replaceAll(/-----[^-]+-----|\s/g, '');
  return (_: string, { raw }: { raw: Buffer }) =>
    raw.toString('base64') === expected ? undefined : new Error('another certificate');
}
