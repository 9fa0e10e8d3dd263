// Amazon's own SDK as a client of a gateway.
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeStream } from 'node:stream/web';
import type { ConfigInput } from '../../src/index.ts';
import { type ChooseReply, createReplayFetch } from './replay-fetch.ts';
import { createTestGateway, LAB_PROVIDERS, type TestGatewayOptions } from './test-gateway.ts';

export const SESSION = 'session-token-of-the-lab-0123456789';

/** Anthropic, known as such, and a provider for each dialect. */
export const AMAZON_CONFIG: ConfigInput = {
  providers: {
    anthropic: { api_key: 'key-of-the-gateway', max_retries: 0 },
    ...LAB_PROVIDERS,
  },
};

/** As the SDK hands it to its transport. */
interface HttpRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

interface Options extends Pick<TestGatewayOptions, 'config' | 'host'> {
  /** In place of a signature. */
  token?: string;
}

/** A gateway between Amazon's own SDK and an upstream. */
export function createAmazonLab(reply: ChooseReply, { config = AMAZON_CONFIG, host, token }: Options = {}) {
  const upstream = createReplayFetch(reply);
  const lab = createTestGateway({ config, fetch: upstream.fetch, ...(host !== undefined && { host }) });
  return { ...lab, upstream, client: createAmazonClient(lab.gateway, token) };
}

/** @param token in place of a signature. */
export function createAmazonClient(
  gateway: { fetch(request: Request): Promise<Response> },
  token?: string,
): BedrockRuntimeClient {
  return new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:8088',
    maxAttempts: 1,
    ...(token === undefined
      ? { credentials: { accessKeyId: 'AKIALAB', secretAccessKey: 'lab', sessionToken: SESSION } }
      : { token: { token }, authSchemePreference: ['httpBearerAuth'] }),
    requestHandler: {
      async handle({ method, path, headers, body }: HttpRequest) {
        const url = `http://127.0.0.1:8088${path}`;
        const response = await gateway.fetch(new Request(url, { method, headers, body }));
        return {
          response: {
            statusCode: response.status,
            headers: Object.fromEntries(response.headers),
            body: Readable.fromWeb(response.body as unknown as NodeStream),
          },
        };
      },
      updateHttpClientConfig() {},
      httpHandlerConfigs: () => ({}),
    },
  });
}
