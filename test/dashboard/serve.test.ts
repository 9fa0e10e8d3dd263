// GET / and the files of the dashboard: who gets what, and under which policy.
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigInput } from '../../src/index.ts';
import { createTestGateway } from '../support/test-gateway.ts';

const PAGE = join(import.meta.dir, '../../src/management/dashboard/page');
const FILES = readdirSync(PAGE);
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

function ask(path: string, init: RequestInit = {}, config: ConfigInput = {}): Promise<Response> {
  const { gateway } = createTestGateway({
    config,
    fetch: () => Promise.reject(new Error('nobody is to be asked')),
  });
  return gateway.fetch(new Request(`http://127.0.0.1:8088${path}`, init));
}

describe('/', () => {
  test('a browser gets the page', async () => {
    const response = await ask('/', { headers: HTML });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toStartWith('<!doctype html>');
  });

  test.each([{}, { accept: '*/*' }, { accept: 'application/json' }])('%p: plain text', async (headers) => {
    const response = await ask('/', { headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('vary')).toBe('accept');
    expect(await response.text()).toMatch(/^Sluice \S+ is running/);
  });

  test.each([{}, HTML])('HEAD with %p: 200 and nothing', async (headers) => {
    const response = await ask('/', { method: 'HEAD', headers });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });

  test('another method: 405', async () => {
    expect((await ask('/', { method: 'POST', headers: HTML })).status).toBe(405);
  });
});

describe('the files', () => {
  test.each(FILES.filter((name) => name !== 'index.html'))(
    '%s is served under a strict policy',
    async (name) => {
      const response = await ask(`/dashboard/${name}`);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(readFileSync(join(PAGE, name), 'utf8'));
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  test.each([
    '/dashboard/',
    '/dashboard/none.js',
    '/dashboard/..%2fserve.ts',
    '/dashboard/%2e%2e/serve.ts',
    '/dashboard/../dashboard/serve.ts',
    '/dashboard/main.js/',
    '/dashboard/MAIN.js',
    '/dashboard/main.js%00.css',
  ])('%s: 404', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  test('the page names no other origin, and holds no script or style of its own', () => {
    const html = readFileSync(join(PAGE, 'index.html'), 'utf8');
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?! type="module" src="\/dashboard\/)/);
    for (const [, name = ''] of html.matchAll(/(?:src|href)="\/dashboard\/([^"]+)"/g))
      expect(FILES).toContain(name);
  });

  test.each(FILES.filter((name) => name.endsWith('.js')))(
    '%s makes no markup out of text, and imports only its neighbours',
    (name) => {
      const code = readFileSync(join(PAGE, name), 'utf8');
      expect(code).not.toMatch(
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|DOMParser|localStorage|cookie/,
      );
      const imported = [...code.matchAll(/^import .* from '([^']+)'/gm)].map(([, from]) => from);
      for (const from of imported) expect(FILES.map((file) => `./${file}`)).toContain(`${from}`);
    },
  );
});

describe('guards', () => {
  const keys = { server: { keys: ['server-key-0001'] } };

  test('the page holds no data and needs no key; the data does', async () => {
    expect((await ask('/', { headers: HTML }, keys)).status).toBe(200);
    expect((await ask('/dashboard/main.js', {}, keys)).status).toBe(200);
    for (const path of ['health', 'providers', 'metrics', 'audit', 'streams', 'streams/live'])
      expect([path, (await ask(`/gateway/${path}`, {}, keys)).status]).toEqual([path, 401]);
  });

  test('another Host, as DNS rebinding brings it, is refused', async () => {
    const headers = { ...HTML, host: 'evil.example' };
    expect((await ask('/', { headers })).status).toBe(403);
    expect((await ask('/dashboard/main.js', { headers })).status).toBe(403);
  });

  test('a page of another site cannot load the scripts', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    expect((await ask('/dashboard/main.js', { headers })).status).toBe(403);
  });

  test('a link from another site leads to the page', async () => {
    const headers = { ...HTML, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask('/', { headers })).status).toBe(200);
  });
});

test('nothing of the dashboard is loaded before a browser asks', () => {
  const script = `
    const { createGateway } = await import('./src/index.ts');
    const gateway = createGateway();
    const loaded = () => Object.keys(require.cache).some((path) => path.includes('/dashboard/'));
    await gateway.fetch(new Request('http://127.0.0.1:8088/'));
    const before = loaded();
    await gateway.fetch(new Request('http://127.0.0.1:8088/', { headers: { accept: 'text/html' } }));
    console.log(JSON.stringify([before, loaded()]));
    await gateway.close();
  `;
  const run = Bun.spawnSync([process.execPath, '-e', script], { cwd: join(import.meta.dir, '../..') });
  expect(run.stderr.toString()).toBe('');
  expect(JSON.parse(run.stdout.toString())).toEqual([false, true]);
});
