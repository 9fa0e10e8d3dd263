// The configurations of reverse proxies that docs/deployment.md shows, each run as it stands before a real gateway.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { createRawServer } from '../support/raw-server.ts';
import { SocketClient } from '../support/socket-client.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/time-limit.ts';

const PAGE = readFileSync(join(import.meta.dir, '..', '..', 'docs', 'deployment.md'), 'utf8');
const FOLDER = temporaryFolder('reverse-proxies');
const AUTHORITY = createAuthority('lab');
const OWN = AUTHORITY.issue({ names: ['llm.example.com'] });
const KEY = { 'x-sluice-key': 'lab-key' };
/** Both for the name that the proxies serve, at the address of this machine. */
const TRUSTED = { ca: AUTHORITY.certificate, serverName: 'llm.example.com' };

interface Proxy {
  name: string;
  /** What starts it in the foreground with that configuration. */
  command(file: string): string[];
  /** The page's configuration as a whole file, with the test's own ports. */
  file(shown: string, port: number): string;
}

const NGINX: Proxy = {
  name: 'nginx',
  command: (file) => ['nginx', '-p', FOLDER, '-c', file],
  file: (shown, port) => {
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${FOLDER}/${kind};`,
    );
    const http = `access_log off; ${folders.join(' ')} ${shown.replace('listen 443', `listen 127.0.0.1:${port}`)}`;
    return `daemon off; user root; pid ${FOLDER}/nginx.pid; error_log stderr; events {} http { ${http} }`;
  },
};

const PROXIES: Proxy[] = [
  NGINX,
  {
    name: 'caddy',
    command: (file) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
    file: (shown, port) =>
      `{\n  admin off\n  auto_https disable_redirects\n}\n${shown.replace(
        'llm.example.com {',
        `https://llm.example.com:${port} {\n  bind 127.0.0.1\n  tls ${FOLDER}/cert.pem ${FOLDER}/key.pem`,
      )}`,
  },
  {
    name: 'haproxy',
    command: (file) => ['haproxy', '-f', file],
    file: (shown, port) => shown.replace('bind :443', `bind 127.0.0.1:${port}`),
  },
];

/** @param log what it writes there. */
function run(proxy: Proxy, text: string, log: string): Bun.Subprocess {
  const file = join(FOLDER, `${proxy.name}.conf`);
  writeFileSync(file, text);
  return Bun.spawn(proxy.command(file), {
    env: { PATH: process.env.PATH ?? '', HOME: FOLDER },
    stdout: 'ignore',
    stderr: Bun.file(log),
  });
}

let sluice: SluiceProcess;
beforeAll(async () => {
  writeFileSync(join(FOLDER, 'cert.pem'), OWN.certificate);
  writeFileSync(join(FOLDER, 'key.pem'), OWN.key);
  writeFileSync(join(FOLDER, 'both.pem'), OWN.certificate + OWN.key);
  sluice = await startSluice({ config: { server: { keys: ['lab-key'] } }, workers: 2 });
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
  rmSync(FOLDER, { recursive: true, force: true });
});

for (const proxy of PROXIES) {
  const isThere = Bun.which(proxy.name) !== null;
  if (!isThere)
    console.warn(`${proxy.name} is not installed: its tests are skipped (apt-get install brings it)`);
  describe.skipIf(!isThere)(proxy.name, () => {
    let url = '';
    let running: Bun.Subprocess | undefined;

    beforeAll(async () => {
      const [, shown] = new RegExp(`\`\`\`${proxy.name}\\n([^]*?)\`\`\``).exec(PAGE) ?? [];
      if (shown === undefined) throw new Error(`docs/deployment.md shows no configuration of ${proxy.name}`);
      const port = await freePort();
      const named = shown
        .replaceAll('127.0.0.1:8088', `127.0.0.1:${sluice.port}`)
        .replaceAll('crt /etc/ssl/llm.pem', `crt ${FOLDER}/both.pem`)
        .replaceAll('/etc/ssl/llm.pem', `${FOLDER}/cert.pem`)
        .replaceAll('/etc/ssl/llm.key', `${FOLDER}/key.pem`);
      const log = join(FOLDER, `${proxy.name}.log`);
      running = run(proxy, proxy.file(named, port), log);
      url = `https://127.0.0.1:${port}`;
      await eventually(
        async () => (await ask('/').catch(() => null))?.status === 200,
        () => `${proxy.name} does not serve: ${readFileSync(log, 'utf8')}`,
      );
    });
    afterAll(async () => {
      running?.kill();
      await running?.exited;
    });

    const ask = (path: string, init: RequestInit = {}) =>
      fetch(url + path, { ...init, headers: { ...KEY, host: 'llm.example.com' }, tls: TRUSTED });
    const askModel = (words: string, stream: boolean, signal?: AbortSignal) =>
      ask('/v1/messages', {
        method: 'POST',
        body: JSON.stringify({
          model: `simulator/${words}`,
          max_tokens: 500,
          stream,
          messages: [{ role: 'user', content: 'Hello' }],
        }),
        ...(signal !== undefined && { signal }),
      });
    const newestRow = async () => {
      const page = await fetch(`${sluice.url}/gateway/audit?limit=1`, { headers: KEY });
      const { entries } = (await page.json()) as { entries: { request_id: string; status: string }[] };
      return entries[0];
    };

    test('a stream comes as it is generated', async () => {
      const response = await askModel('text,ttft=1,rate=20,tokens=20', true);
      expect(response.status).toBe(200);
      let pieces = 0;
      for await (const _ of response.body ?? []) pieces++;
      // On a busy machine several lie there at once; one that is held back until it is whole comes in one.
      expect(pieces).toBeGreaterThan(2);
    });

    test('a client that leaves ends its request, before the answer and within it', async () => {
      const within = new AbortController();
      const response = await askModel('text,ttft=1,rate=20,tokens=500', true, within.signal);
      await response.body?.getReader().read();
      within.abort();
      const id = response.headers.get('x-sluice-request-id');
      await eventually(async () => (await newestRow())?.request_id === id);
      expect((await newestRow())?.status).toBe('aborted');
      const before = new AbortController();
      const unanswered = askModel('text,ttft=600000', false, before.signal).catch(() => {});
      const isRunning = async () => {
        const page = await fetch(`${sluice.url}/gateway/streams`, { headers: KEY });
        return ((await page.json()) as { streams: unknown[] }).streams.length > 0;
      };
      await eventually(isRunning);
      before.abort();
      await unanswered;
      await eventually(async () => !(await isRunning()));
    });

    test('a WebSocket is passed on', async () => {
      using client = new SocketClient(`${url}/v1/responses`, {
        headers: { ...KEY, host: 'llm.example.com' },
        tls: TRUSTED,
      } as Bun.WebSocketOptions);
      await client.say(JSON.stringify({ type: 'response.create', model: 'simulator/fast', input: 'Hello' }));
      await eventually(() =>
        client.messages.some((message) => String(message).includes('"response.completed"')),
      );
    });

    test('a body of some megabytes arrives', async () => {
      const response = await ask('/v1/messages', {
        method: 'POST',
        body: JSON.stringify({
          model: 'simulator/fast,tokens=1',
          max_tokens: 5,
          messages: [{ role: 'user', content: 'word '.repeat(1_000_000) }],
        }),
      });
      expect(response.status).toBe(200);
    });
  });
}

describe.skipIf(Bun.which('nginx') === null)('nginx before several gateways', () => {
  test('a request on a connection that is reset is answered by another one', async () => {
    const [, words] = /`(proxy_next_upstream [^`]*;)`/.exec(PAGE) ?? [];
    if (words === undefined) throw new Error('docs/deployment.md does not say what nginx tries elsewhere');
    const stopping = createRawServer();
    const port = await freePort();
    const log = join(FOLDER, 'several.log');
    const text = NGINX.file(
      `upstream gateways { server 127.0.0.1:${stopping.port}; server 127.0.0.1:${sluice.port}; }
       server { listen 443; location / { proxy_pass http://gateways; proxy_set_header Host 127.0.0.1; ${words} } }`,
      port,
    );
    const nginx = run(NGINX, text, log);
    try {
      const ask = () =>
        fetch(`http://127.0.0.1:${port}/v1/messages`, {
          method: 'POST',
          headers: KEY,
          body: JSON.stringify({
            model: 'simulator/fast,tokens=1',
            max_tokens: 5,
            messages: [{ role: 'user', content: 'Hello' }],
          }),
        });
      const reset = stopping.accept().then(async (connection) => {
        await connection.request();
        connection.reset();
      });
      let answer: Response | null = null;
      await eventually(
        async () => {
          answer = await ask().catch(() => null);
          return answer !== null;
        },
        () => `nginx does not serve: ${readFileSync(log, 'utf8')}`,
      );
      await reset;
      expect(answer).toHaveProperty('status', 200);
    } finally {
      nginx.kill();
      await nginx.exited;
      stopping.close();
    }
  });
});
