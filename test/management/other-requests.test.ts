// What the management pages refuse: other paths and methods, wrong parameters, a ledger that cannot be read.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createLedger } from '../../src/ledger/queue/recorder.ts';
import { createManagement } from '../../src/management/management.ts';
import { createFakeStore } from '../support/ledger-rows.ts';
import { createManagementLab, type ManagementLab } from './lab.ts';

let lab: ManagementLab;
beforeEach(() => {
  lab = createManagementLab();
});
afterEach(() => lab.ledger.close());

describe('requests that no page answers', () => {
  test('other paths are left to others', async () => {
    for (const path of ['/', '/v1/messages', '/gatewayhealth', '/x/gateway/health']) {
      const url = new URL(path, 'http://127.0.0.1');
      expect(await createManagement(lab.deps)(new Request(url), url, null)).toBeUndefined();
    }
  });

  test('an unknown page is a 404 that names those there are', async () => {
    // Looked through from each slash, the last would take a minute.
    const slashes = `/gateway/${'/'.repeat(100_000)}x`;
    const near = ['/gateway/helth', '/gateway/health/', '/gateway/toString'];
    for (const path of ['/gateway', '/gateway/', ...near, slashes]) {
      const response = await lab.ask(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.json()).toMatchObject({
        error: { code: 'not_found', message: expect.stringContaining('/gateway/health') },
      });
    }
  });

  test.each(['/gateway/KEY', '/gateway/audit?KEY=1', '/gateway/streams/KEY'])(
    'a key in %s is not repeated (GUARANTEES 18)',
    async (path) => {
      const key = ['sk', 'ant', 'api03', 'A1b2'.repeat(20)].join('-');
      for (const method of ['GET', 'DELETE']) {
        const text = await (await lab.ask(path.replace('KEY', key), method)).text();
        expect(text).toContain('"code":');
        expect(text).not.toContain('A1b2A1b2');
      }
    },
  );

  test('another method is a 405 that names those allowed', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const response = await lab.ask('/gateway/health', method);
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await response.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
    }
  });

  test('a running request can be ended, not asked for', async () => {
    const cancelled: string[] = [];
    lab.deps.running.cancel = (requestId) => cancelled.push(requestId) > 0;
    for (const method of ['GET', 'POST']) {
      const response = await lab.ask('/gateway/streams/r1', method);
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'DELETE']);
    }
    expect(cancelled).toEqual([]);
    const response = await lab.ask('/gateway/streams/r%201', 'DELETE');
    expect(await response.json()).toEqual({ request_id: 'r 1', cancelled: true });
    expect(cancelled).toEqual(['r 1']);
  });

  test('HEAD answers like GET, without the body', async () => {
    const body = await (await lab.ask('/gateway/providers')).bytes();
    const response = await lab.ask('/gateway/providers', 'HEAD');
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('content-type')).toStartWith('application/json');
    expect(response.headers.get('content-length')).toBe(String(body.length));
  });

  test('HEAD of the live view has no length, and nobody watches', async () => {
    let left = 0;
    lab.deps.running.watch = () => new ReadableStream({ cancel: () => void left++ });
    const response = await lab.ask('/gateway/streams/live', 'HEAD');
    expect([response.status, response.headers.get('content-length'), left]).toEqual([200, null, 1]);
  });

  test('a bad parameter of metrics is a 400', async () => {
    for (const query of ['recent_limit=1001', 'recent_limit=x', 'include_agent=perhaps']) {
      expect((await lab.ask(`/gateway/metrics?${query}`)).status).toBe(400);
    }
  });

  test('pages without parameters refuse them; those that probes and scrapers ask let theirs pass', async () => {
    for (const [method, path] of [
      ['GET', '/gateway/providers'],
      ['GET', '/gateway/streams'],
      ['GET', '/gateway/streams/live'],
      ['DELETE', '/gateway/streams/req_1'],
    ] as const) {
      const response = await lab.ask(`${path}?limit=5`, method);
      expect([path, response.status]).toEqual([path, 400]);
      expect(await response.json()).toEqual({
        error: {
          code: 'invalid_request',
          message: 'limit: no such parameter; this page takes none',
          param: 'limit',
        },
      });
    }
    for (const path of ['/gateway/health?_=17', '/metrics?collect[]=cpu'])
      expect((await lab.ask(path)).status).toBe(200);
  });

  test('a ledger that cannot be read is a 503, and health still answers', async () => {
    const store = createFakeStore();
    store.audit = () => Promise.reject(new Error('away'));
    lab.deps.ledger = createLedger(store, lab.timers);
    for (const path of ['/gateway/audit', '/gateway/metrics']) {
      const response = await lab.ask(path);
      expect([path, response.status]).toEqual([path, 503]);
      expect(await response.json()).toMatchObject({ error: { code: 'ledger_unavailable' } });
    }
    expect((await lab.ask('/gateway/health')).status).toBe(200);
  });
});
