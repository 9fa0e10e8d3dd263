// Official SDKs as a web page uses them: bundled into it, asking the gateway at another origin. Each says what it heard.
import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

const content = 'Say hello.';
const key = { apiKey: 'sluice', dangerouslyAllowBrowser: true, maxRetries: 0 } as const;

interface Heard {
  text: string;
  pieces: number;
  requestId: string | null;
}

/** @param base the gateway's address. */
const CLIENTS: Readonly<Record<string, (base: string) => Promise<Heard>>> = {
  async anthropic(base) {
    const client = new Anthropic({ ...key, baseURL: base });
    const body = { model: 'simulator/fast', max_tokens: 200, messages: [{ role: 'user' as const, content }] };
    const { data, response } = await client.messages.create({ ...body, stream: true }).withResponse();
    const heard = { text: '', pieces: 0, requestId: response.headers.get('x-sluice-request-id') };
    for await (const event of data) {
      if (event.type !== 'content_block_delta' || event.delta.type !== 'text_delta') continue;
      heard.text += event.delta.text;
      heard.pieces++;
    }
    return heard;
  },
  async openai(base) {
    const client = new OpenAI({ ...key, baseURL: `${base}/v1` });
    const body = { model: 'simulator/fast', messages: [{ role: 'user' as const, content }] };
    const { data, response } = await client.chat.completions.create({ ...body, stream: true }).withResponse();
    const heard = { text: '', pieces: 0, requestId: response.headers.get('x-sluice-request-id') };
    for await (const chunk of data) {
      heard.text += chunk.choices[0]?.delta.content ?? '';
      heard.pieces++;
    }
    return heard;
  },
  async genai(base) {
    const client = new GoogleGenAI({ apiKey: 'sluice', httpOptions: { baseUrl: base } });
    const heard: Heard = { text: '', pieces: 0, requestId: null };
    for await (const piece of await client.models.generateContentStream({
      model: 'simulator/fast',
      contents: content,
    })) {
      heard.text += piece.text ?? '';
      heard.pieces++;
      heard.requestId ??= piece.sdkHttpResponse?.headers?.['x-sluice-request-id'] ?? null;
    }
    return heard;
  },
};

/** In words, also where it fails: what a page can know of a failure. */
async function run(name: string, base: string): Promise<Heard | string> {
  try {
    return (await CLIENTS[name]?.(base)) ?? 'no such client';
  } catch (error) {
    return String(error);
  }
}

/** An error of the gateway, as the SDK tells it. */
async function fail(base: string): Promise<object> {
  const client = new Anthropic({ ...key, baseURL: base });
  try {
    await client.messages.create({
      model: 'simulator/fault=429:7',
      max_tokens: 9,
      messages: [{ role: 'user', content }],
    });
    return {};
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    const { status, headers } = error;
    const read = (name: string) => headers?.get(name) ?? null;
    return { status, requestId: read('x-sluice-request-id'), retryAfter: read('retry-after') };
  }
}

Object.assign(globalThis, { sluice: { run, fail } });
