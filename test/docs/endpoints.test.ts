// docs/endpoints.md names every path that clients of a dialect post to, and every page of the gateway's own.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DIALECTS } from '../../src/dialects/registry.ts';
import { createGateway } from '../../src/index.ts';

const page = readFileSync(join(import.meta.dir, '../../docs/endpoints.md'), 'utf8');

test('where clients of each dialect post', () => {
  for (const { client } of Object.values(DIALECTS)) expect(page).toContain(client.path);
});

test('the pages that a wrong path is answered with', async () => {
  const gateway = createGateway();
  const answer = await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/nothing'));
  const { error } = (await answer.json()) as { error: { message: string } };
  const paths = error.message.split('there are ')[1]?.split(', ') ?? [];
  expect(paths).toContain('/gateway/health');
  for (const path of paths) expect(page).toContain(`\`${path}\``);
  await gateway.close();
});
