// A gateway in front of one recorded answer, and its fetch as SDKs call it.
import type { ConfigInput } from '../../src/index.ts';
import type { Recording } from '../support/recordings.ts';
import { PROVIDER_WIRES } from '../support/provider-wires.ts';
import { createReplayFetch, type ReplayFetch } from '../support/replay-fetch.ts';
import { replyOf } from '../support/reply.ts';
import { createTestGateway, LAB_PROVIDERS, type TestGateway } from '../support/test-gateway.ts';
import type { ClientFetch } from './clients.ts';

const OLLAMA = { kind: 'ollama', base_url: 'http://upstream.test', max_retries: 0 };

const PROVIDER_OF: Record<string, NonNullable<ConfigInput['providers']>[string]> = {
  'anthropic-messages': LAB_PROVIDERS.claude,
  'openai-chat': LAB_PROVIDERS.gpt,
  'openai-responses': LAB_PROVIDERS.responses,
  'gemini-generate': LAB_PROVIDERS.gemini,
  'ollama-chat': OLLAMA,
  'bedrock-converse': PROVIDER_WIRES['bedrock-converse'].config,
  'bedrock-invoke': PROVIDER_WIRES['bedrock-invoke'].config,
};

export interface GatewayFor extends TestGateway {
  upstream: ReplayFetch;
  fetch: ClientFetch;
}

/** The gateway's only provider answers everything with the recording. */
export function gatewayFor(recording: Recording): GatewayFor {
  return gatewayTo(recording.wire, createReplayFetch(replyOf(recording)));
}

/** @param kind the row of providers whose quirks count; left out: none. */
export function gatewayTo(wire: string, upstream: ReplayFetch, kind?: string): GatewayFor {
  const plain = PROVIDER_OF[wire];
  if (plain === undefined) throw new Error(`no provider speaks ${wire}`);
  const { dialect: _, ...rest } = plain;
  const lab = kind === undefined ? plain : { ...rest, kind };
  const config = { providers: { lab }, routing: { default_provider: 'lab' } };
  const test = createTestGateway({ config, fetch: upstream.fetch });
  return { ...test, upstream, fetch: clientFetch(test.gateway) };
}

/** The SDK's own answer, without a gateway. */
export function directFetch(recording: Recording): ClientFetch {
  return createReplayFetch(replyOf(recording)).fetch;
}

export function clientFetch(gateway: { fetch(request: Request): Promise<Response> }): ClientFetch {
  return (url, init) => gateway.fetch(new Request(url, init));
}
