// Keys of projects in a real gateway: each of several processes knows them, also after a change.
import { expect, setDefaultTimeout, test } from 'bun:test';
import type { ConfigInput } from '../../src/index.ts';
import { startSluice } from '../support/sluice-process.ts';
import { eventually, TEST_TIMEOUT_MS } from '../support/time-limit.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const OWN = 'key-of-the-operator';
const configOf = (project_keys: Record<string, string[]>): ConfigInput => ({
  server: { keys: [OWN], project_keys },
});

test('every worker counts a request as that of its key’s project', async () => {
  await using sluice = await startSluice({ config: configOf({ web: ['key-of-web'] }), workers: 2 });
  /** On a connection of its own, so that it comes to any of the workers. */
  const ask = async (key: string) => {
    const response = await fetch(`${sluice.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', 'x-api-key': key },
      body: JSON.stringify({
        model: 'simulator/fast',
        max_tokens: 9,
        project_id: 'another',
        messages: [{ role: 'user', content: 'hi' }],
      }),
      keepalive: false,
    });
    await response.arrayBuffer();
    return response.status;
  };
  const everywhere = (key: string) => Promise.all(Array.from({ length: 20 }, () => ask(key)));
  /** Totals, not the rows of a page: while the change is not known yet, thousands are refused. */
  const audit = async (query: string) => {
    const response = await fetch(`${sluice.url}/gateway/audit?${query}`, {
      headers: { 'x-sluice-key': OWN },
    });
    return (await response.json()) as { total: number; entries: { project_id: string | null }[] };
  };
  const totalOf = async (query: string) => (await audit(query)).total;
  expect(new Set(await everywhere('key-of-web'))).toEqual(new Set([200]));
  expect(await totalOf('project_id=web')).toBe(20);
  expect(await totalOf('')).toBe(20);

  sluice.writeConfig(configOf({ data: ['key-of-data'] }));
  await eventually(
    async () => (await everywhere('key-of-data')).every((status) => status === 200),
    () => 'some worker does not know the new key',
  );
  expect(new Set(await everywhere('key-of-web'))).toEqual(new Set([401]));
  expect(await totalOf('project_id=web')).toBe(20);
  const data = await totalOf('project_id=data');
  expect(data).toBeGreaterThanOrEqual(20);
  // Refused before a key was known: nobody's.
  const refused = await audit('success=false&limit=1000');
  expect(refused.total).toBe((await totalOf('')) - 20 - data);
  expect(new Set(refused.entries.map((entry) => entry.project_id))).toEqual(new Set([null]));
});
