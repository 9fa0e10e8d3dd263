// More streams at once than Bun's client allows by default: the launcher lifts the limit of 256.
import { expect, test } from 'bun:test';
import { labConfig } from '../support/lab-config.ts';
import { MESSAGE, utf8 } from '../support/message-stream.ts';
import { connectRaw, postText } from '../support/raw-client.ts';
import { startReplayUpstream } from '../support/replay-upstream.ts';
import { replyWith } from '../support/reply.ts';
import { startSluice } from '../support/sluice-process.ts';

const STREAMS = 300;

test(`${STREAMS} streams at once: all begin before any ends, and each gets its own`, async () => {
  const gate = Promise.withResolvers<void>();
  await using upstream = await startReplayUpstream((request) => {
    const { metadata } = request.json() as { metadata: { user_id: string } };
    const pieces = [
      utf8(MESSAGE.start + MESSAGE.block + MESSAGE.delta(`begun-${metadata.user_id}.`)),
      utf8(MESSAGE.delta(`ended-${metadata.user_id}.`) + MESSAGE.end),
    ];
    return replyWith(pieces, { before: (index) => (index === 1 ? gate.promise : undefined) });
  });
  await using sluice = await startSluice({ config: labConfig(upstream.url) });
  const streams = Array.from({ length: STREAMS }, async (_, index) => {
    const client = await connectRaw(sluice.port);
    const body = { model: 'm', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
    client.write(postText('/v1/messages', { ...body, metadata: { user_id: `u${index}` } }));
    await client.until((text) => text.includes(`begun-u${index}.`));
    return { index, client };
  });
  const begun = await Promise.all(streams);
  const { providers } = await sluice.get<{ providers: { in_flight: number }[] }>('/gateway/providers');
  expect(providers[0]?.in_flight).toBe(STREAMS);
  gate.resolve();
  for (const { index, client } of begun) {
    await client.until((text) => text.endsWith('\r\n0\r\n\r\n'));
    expect(client.text()).toContain(`ended-u${index}.`);
    expect(client.text().match(/ended-u\d+\./g)).toHaveLength(1);
    client.leave();
  }
  const { total } = await sluice.get<{ total: number }>('/gateway/audit?status=success&limit=1');
  expect(total).toBe(STREAMS);
});
