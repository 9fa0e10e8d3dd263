// Answers that hold a count which is none: what the client gets is sound, and so is the row.
import { describe, expect, test } from 'bun:test';
import type { DialectId } from '../../src/model/dialect-id.ts';
import { clientRequest, SPOKEN_DIALECTS } from '../support/client-requests.ts';
import { PROVIDER_WIRES, WIRE_IDS } from '../support/provider-wires.ts';
import { createReplayFetch } from '../support/replay-fetch.ts';
import { type Reply, replyWith } from '../support/reply.ts';
import { createTestGateway } from '../support/test-gateway.ts';

type Wire = (typeof WIRE_IDS)[number];

async function exchange(wire: Wire, client: DialectId, stream: boolean, reply: Reply) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({
    config: { providers: { lab: PROVIDER_WIRES[wire].config }, routing: { default_provider: 'lab' } },
    fetch: upstream.fetch,
  });
  const { path, body } = clientRequest(client, { stream });
  const response = await lab.post(path, body);
  return { text: await response.text(), status: response.status, row: await lab.row(0) };
}

function streamed(wire: Wire, pieces: string): Reply {
  const { bytes, contentType } = PROVIDER_WIRES[wire];
  return replyWith(bytes?.(pieces) ?? pieces, { headers: { 'content-type': contentType } });
}

const COUNT = /"(\w*(?:[tT]oken|eval_c)\w*)":\d+/g;
const NO_COUNT = /"(?!max_)\w*[tT]oken\w*":null/;

describe.each(WIRE_IDS.filter((wire) => wire !== 'bedrock-invoke'))(
  'counts beyond all numbers, %s',
  (wire) => {
    const { start, text, textEnd, whole } = PROVIDER_WIRES[wire];
    const beyond = (said: string) => said.replaceAll(COUNT, '"$1":1e400');
    const others = SPOKEN_DIALECTS.filter((client) => client !== wire);

    // That of Bedrock is made here of parsed JSON, in which such a number cannot stand.
    test.each(wire === 'bedrock-converse' ? [] : others)('streamed, for a client of %s', async (client) => {
      const reply = streamed(wire, beyond(start + text('Hello') + textEnd));
      const answer = await exchange(wire, client, true, reply);
      expect(answer.row).toMatchObject({ status: 'success', usage: { inputTokens: 0, outputTokens: 0 } });
      expect(answer.text).not.toMatch(NO_COUNT);
    });

    test.each(others)('whole, for a client of %s', async (client) => {
      const reply = replyWith(beyond(JSON.stringify(whole('Hello'))), {
        headers: { 'content-type': 'application/json' },
      });
      const answer = await exchange(wire, client, false, reply);
      expect(answer.row).toMatchObject({ status: 'success', usage: { inputTokens: 0, outputTokens: 0 } });
      expect(answer.text).not.toMatch(NO_COUNT);
    });
  },
);
