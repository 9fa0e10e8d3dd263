// Realtime conversations of Azure's and Google Cloud's clients, and at these clouds as providers, through the served gateway.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GoogleGenAI } from '@google/genai';
import OpenAI, { AzureOpenAI } from 'openai';
import { OpenAIRealtimeTranslationWS } from 'openai/realtime/translations/ws';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { LiveWS } from 'openai/resources/live/ws';
import { createAuthority } from '../support/certificates.ts';
import { SocketClient } from '../support/socket-client.ts';
import { type Handshake, startSocketProvider, type SocketProvider } from '../support/socket-provider.ts';
import { type SluiceProcess, startSluice } from '../support/sluice-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/time-limit.ts';

const CLOUD_PATH = '/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent';
const LIVE_PATH = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const authority = createAuthority('Test authority');

let provider: SocketProvider;
/** Google's SDK cannot be told which authorities to trust, OpenAI's insists on TLS. */
let plain: SluiceProcess;
let secure: SluiceProcess;
let home: string;
/** The client's messages. */
let said: string[] = [];

beforeAll(async () => {
  provider = startSocketProvider({
    opened: (end) => end.send('{"type":"session.created","session":{}}'),
    received(end, message) {
      said.push(String(message));
      if (String(message).includes('session.close')) end.send('{"type":"session.closed","event_id":"e"}');
      if (String(message).includes('"setup"')) end.send('{"setupComplete":{}}');
    },
  });
  const { url } = provider;
  const providers = {
    openai: { api_key: 'sk-proj-of-openai-0123456789', base_url: `${url}/v1` },
    azure: {
      api_key: 'key-of-azure-0123456789',
      base_url: url,
      options: { api_version: '2024-10-21' },
      models: { voice: 'our-voice' },
    },
    foundry: { kind: 'azure', api_key: 'key-of-foundry-0123456789', base_url: `${url}/openai/v1` },
    gemini: { api_key: 'AIzaSyOfTheGateway0123456789', base_url: url },
    vertex: {
      api_key: 'ya29.of-the-gateway-0123456789',
      base_url: url,
      options: { project: 'ours', location: 'europe-west4' },
      models: { talker: 'gemini-live-2.5-flash' },
    },
  };
  home = temporaryFolder('cloud');
  const { certificate, key } = authority.issue({ names: ['localhost', '127.0.0.1'] });
  const tls = { cert: join(home, 'cert.pem'), key: join(home, 'key.pem') };
  writeFileSync(tls.cert, certificate);
  writeFileSync(tls.key, key);
  [plain, secure] = await Promise.all([
    startSluice({ config: { providers } }),
    startSluice({ config: { providers, server: { tls } } }),
  ]);
});
afterAll(async () => {
  await Promise.all([plain, secure, provider].map((each) => each[Symbol.asyncDispose]()));
  rmSync(home, { recursive: true, force: true });
});

/** Opens it, and tells what the provider was asked. */
async function handshakeOf(path: string, headers: Record<string, string> = {}): Promise<Handshake> {
  const client = new SocketClient(plain.url + path, { headers });
  await client.opened;
  client.socket.close();
  return newest();
}

function newest(): Handshake {
  const handshake = provider.handshakes.at(-1);
  if (handshake === undefined) throw new Error('nothing has reached the provider');
  return handshake;
}

describe('Azure', () => {
  test('has a conversation of its own SDK’s client, with the deployment as the model and its key in its header', async () => {
    const client = new AzureOpenAI({
      endpoint: secure.url,
      apiKey: 'sluice',
      apiVersion: '2025-04-01-preview',
    });
    const socket = await OpenAIRealtimeWS.azure(client, {
      deploymentName: 'azure/voice',
      options: { ca: authority.certificate },
    });
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('session.created', () => resolve());
    });
    socket.close();
    const { path, headers } = newest();
    expect(path).toBe('/openai/v1/realtime?model=our-voice');
    expect(headers['api-key']).toBe('key-of-azure-0123456789');
    expect(headers.authorization).toBeUndefined();
  });

  test('has one of a client that opens the path of dated API versions', async () => {
    const query = 'api-version=2025-04-01-preview&deployment=azure%2Fgpt-realtime';
    const { path, headers } = await handshakeOf(`/openai/realtime?${query}`, { 'api-key': 'sluice' });
    expect(path).toBe('/openai/v1/realtime?model=gpt-realtime');
    expect(headers['api-key']).toBe('key-of-azure-0123456789');
  });

  test('with the base URL of its newer API is asked below it', async () => {
    const { path, headers } = await handshakeOf('/v1/realtime?model=foundry/gpt-realtime');
    expect(path).toBe('/openai/v1/realtime?model=gpt-realtime');
    expect(headers['api-key']).toBe('key-of-foundry-0123456789');
  });

  test('is not needed by its clients', async () => {
    const query =
      'api-version=2025-04-01-preview&deployment=openai/gpt-realtime&api-key=sk-proj-of-the-client-012';
    const { path, headers } = await handshakeOf(`/openai/realtime?${query}`);
    expect(path).toBe('/v1/realtime?model=gpt-realtime');
    expect(headers.authorization).toBe('Bearer sk-proj-of-the-client-012');
    expect(plain.output()).not.toContain('sk-proj-of-the-client');
  });
});

test('a translation of OpenAI’s SDK reaches OpenAI', async () => {
  const client = new OpenAI({ apiKey: 'sluice', baseURL: `${secure.url}/v1` });
  const connection = await OpenAIRealtimeTranslationWS.create(client, {
    model: 'openai/gpt-realtime-translate',
    options: { ca: authority.certificate },
  });
  await new Promise<void>((resolve, reject) => {
    connection.on('error', reject);
    connection.socket.once('open', resolve);
  });
  await connection.finish({ timeoutMs: 10_000 });
  expect(newest().path).toBe('/v1/realtime/translations?model=gpt-realtime-translate');
});

test('a Live session of OpenAI’s SDK reaches the provider that it names for all of its models', async () => {
  said = [];
  const client = new OpenAI({
    apiKey: 'sluice',
    baseURL: `${plain.url}/v1`,
    defaultHeaders: { 'x-sluice-target': 'azure' },
  });
  const live = new LiveWS(client);
  const session = { model: 'azure/voice', instructions: 'Be brief.' };
  live.send({ type: 'session.start', session });
  await eventually(() => said.length > 0);
  live.close();
  const { path, headers } = newest();
  expect(path).toBe('/openai/v1/live/sessions');
  expect(headers['api-key']).toBe('key-of-azure-0123456789');
  expect(JSON.parse(said[0] ?? '')).toEqual({
    type: 'session.start',
    session: { ...session, model: 'our-voice' },
  });
});

describe('Google Cloud', () => {
  /** With the SDK; the gateway's own choice of a provider unless one is forced. */
  async function converse(target: string | undefined, model: string, options: object): Promise<Handshake> {
    said = [];
    const headers: Record<string, string> = target === undefined ? {} : { 'x-sluice-target': target };
    const client = new GoogleGenAI({
      apiKey: 'sluice',
      httpOptions: { baseUrl: plain.url, headers },
      ...options,
    });
    const session = await client.live.connect({ model, callbacks: { onmessage() {} } });
    session.close();
    return newest();
  }

  test('has a conversation of its own SDK’s client, in the configured project', async () => {
    const { path, headers } = await converse('vertex', 'talker', { vertexai: true });
    expect(path).toBe(CLOUD_PATH);
    expect(headers.authorization).toBe('Bearer ya29.of-the-gateway-0123456789');
    expect(headers['x-goog-api-key']).toBeUndefined();
    expect(JSON.parse(said[0] ?? '')).toMatchObject({
      setup: {
        model: 'projects/ours/locations/europe-west4/publishers/google/models/gemini-live-2.5-flash',
      },
    });
  });

  test('has one of a client of the Gemini API', async () => {
    const { path } = await converse('vertex', 'vertex/gemini-live', {});
    expect(path).toBe(CLOUD_PATH);
    expect(said[0]).toContain('"projects/ours/locations/europe-west4/publishers/google/models/gemini-live"');
  });

  test('is not needed by its clients', async () => {
    const { path, headers } = await converse('gemini', 'gemini-live', { vertexai: true });
    expect(path).toBe(LIVE_PATH);
    expect(headers['x-goog-api-key']).toBe('AIzaSyOfTheGateway0123456789');
    expect(JSON.parse(said[0] ?? '')).toMatchObject({ setup: { model: 'models/gemini-live' } });
    const { entries } = await plain.get<{ entries: [{ model: string }] }>('/gateway/audit?limit=1');
    expect(entries[0].model).toBe('gemini-live');
  });

  test('’s credentials of a client go to no provider', async () => {
    const { headers } = await handshakeOf(CLOUD_PATH, {
      'x-sluice-target': 'gemini',
      authorization: 'Bearer ya29.of-the-client-0123456789',
    });
    expect(headers.authorization).toBeUndefined();
    expect(headers['x-goog-api-key']).toBe('AIzaSyOfTheGateway0123456789');
  });

  test('does not take the music of Gemini’s clients from Gemini', async () => {
    const music = LIVE_PATH.replace('GenerateContent', 'GenerateMusic');
    const { path } = await handshakeOf(music, { 'x-sluice-target': 'gemini' });
    expect(path).toBe(music);
  });
});
