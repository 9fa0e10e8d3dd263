// What Amazon's own SDK reads from a recording: answers of Converse, and the bytes that InvokeModel carries.
import {
  BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type TokenUsage,
} from '@aws-sdk/client-bedrock-runtime';
import { Readable } from 'node:stream';
import {
  type Answer,
  type Counts,
  emptyAnswer,
  NO_COUNTS,
  parseArguments,
  splitCallId,
  unsealed,
} from './answer.ts';
import type { Recording } from '../support/recordings.ts';

/** A client that is answered with the recording, whatever it asks. */
export function clientOf({ body, contentType, status }: Recording): BedrockRuntimeClient {
  const handle = async () => ({
    response: {
      statusCode: status,
      headers: { 'content-type': contentType },
      body: Readable.from([Buffer.from(body)]),
    },
  });
  return new BedrockRuntimeClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' },
    requestHandler: { handle, updateHttpClientConfig() {}, httpHandlerConfigs: () => ({}) },
  });
}

/** Without ids and signatures, which are each dialect's own. */
export async function askConverse(recording: Recording): Promise<Answer> {
  const answer = await readConverse(clientOf(recording), recording.streamed);
  return { ...answer, seals: [], calls: answer.calls.map((call) => ({ ...call, id: '' })) };
}

export async function readConverse(client: BedrockRuntimeClient, stream: boolean): Promise<Answer> {
  const ask = { modelId: 'm', messages: [{ role: 'user' as const, content: [{ text: 'hi' }] }] };
  const answer = await (stream ? readConverseStream(client, ask) : readWholeConverse(client, ask));
  // A call's id may carry what its provider must get back.
  const ids = answer.calls.map(({ id }) => splitCallId(id));
  return {
    ...answer,
    seals: [...answer.seals, ...ids.flatMap(({ seals }) => seals)],
    calls: answer.calls.map((call, at) => ({ ...call, id: ids[at]?.id ?? '' })),
  };
}

async function readWholeConverse(client: BedrockRuntimeClient, ask: ConverseCommandInput): Promise<Answer> {
  const { output, stopReason, usage } = await client.send(new ConverseCommand(ask));
  const finish = stopReason ?? null;
  return {
    ...emptyAnswer(),
    ...fold(output?.message?.content ?? []),
    finish,
    usage: countsOf(usage),
  };
}

async function readConverseStream(client: BedrockRuntimeClient, ask: ConverseCommandInput): Promise<Answer> {
  const answer: Answer = { ...emptyAnswer(), calls: [] };
  const inputs = new Map<number, { id: string; name: string; text: string }>();
  const { stream } = await client.send(new ConverseStreamCommand(ask));
  for await (const { contentBlockStart, contentBlockDelta, messageStop, metadata } of stream ?? []) {
    const call = contentBlockStart?.start?.toolUse;
    if (call !== undefined)
      inputs.set(contentBlockStart?.contentBlockIndex ?? 0, {
        id: call.toolUseId ?? '',
        name: call.name ?? '',
        text: '',
      });
    const delta = contentBlockDelta?.delta;
    answer.text += delta?.text ?? '';
    answer.reasoning += delta?.reasoningContent?.text ?? '';
    answer.seals.push(...sealsOf(delta?.reasoningContent ?? {}));
    const input = inputs.get(contentBlockDelta?.contentBlockIndex ?? 0);
    if (input !== undefined) input.text += delta?.toolUse?.input ?? '';
    answer.finish = messageStop?.stopReason ?? answer.finish;
    if (metadata?.usage !== undefined) answer.usage = countsOf(metadata.usage);
  }
  answer.calls = [...inputs.values()].map(({ id, name, text }) => ({
    id,
    name,
    arguments: parseArguments(text),
  }));
  return answer;
}

function sealsOf({
  signature,
  redactedContent,
}: {
  signature?: string | undefined;
  redactedContent?: Uint8Array | undefined;
}): string[] {
  const seals = [signature, redactedContent && new TextDecoder().decode(redactedContent)];
  return seals.map((seal) => unsealed(seal ?? '')).filter((seal) => seal !== '');
}

function fold(content: readonly ContentBlock[]): Pick<Answer, 'text' | 'reasoning' | 'calls' | 'seals'> {
  return {
    seals: content.flatMap(({ reasoningContent }) =>
      sealsOf({ ...reasoningContent?.reasoningText, redactedContent: reasoningContent?.redactedContent }),
    ),
    text: content.map((block) => block.text ?? citedText(block)).join(''),
    reasoning: content.map(({ reasoningContent }) => reasoningContent?.reasoningText?.text ?? '').join(''),
    calls: content.flatMap(({ toolUse }) =>
      // What ran at the provider is no call for the client.
      toolUse === undefined || toolUse.type === 'server_tool_use'
        ? []
        : [{ id: toolUse.toolUseId ?? '', name: toolUse.name ?? '', arguments: toolUse.input }],
    ),
  };
}

function citedText({ citationsContent }: ContentBlock): string {
  return (citationsContent?.content ?? []).map(({ text }) => text ?? '').join('');
}

function countsOf(usage: TokenUsage | undefined): Counts | null {
  if (usage === undefined) return null;
  const { inputTokens = 0, outputTokens = 0, cacheReadInputTokens = 0, cacheWriteInputTokens = 0 } = usage;
  return {
    ...NO_COUNTS,
    input: inputTokens,
    output: outputTokens,
    cacheRead: cacheReadInputTokens,
    cacheWrite: cacheWriteInputTokens,
  };
}

/** What the model's own vendor sent, as that vendor's service would have. */
export function unwrapInvoke(recording: Recording): Promise<string> {
  return readInvoke(clientOf(recording), recording.streamed);
}

/** The same of what a client is answered. */
export async function readInvoke(
  client: BedrockRuntimeClient,
  stream: boolean,
  body: object = {},
): Promise<string> {
  const ask = { modelId: 'm', body: JSON.stringify(body) };
  const decoder = new TextDecoder();
  if (!stream) return decoder.decode((await client.send(new InvokeModelCommand(ask))).body);
  let events = '';
  const answer = await client.send(new InvokeModelWithResponseStreamCommand(ask));
  for await (const { chunk } of answer.body ?? []) {
    const data = decoder.decode(chunk?.bytes);
    events += `event: ${JSON.parse(data).type}\ndata: ${data}\n\n`;
  }
  return events;
}
