// Validates, field by field, a neutral request from a program or from a user's transformer, since JavaScript and casts bypass types. Loaded
// with the first such request: a gateway used over HTTP needs it only for modules.
import { z } from 'zod';
import type {
  AudioPart,
  Citation,
  DocumentLocation,
  DocumentPart,
  Extension,
  ImagePart,
  OpaquePart,
  ReasoningPart,
  RefusalPart,
  ServerToolOutput,
  ServerToolResultPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from './content.ts';
import { DIALECT_IDS, PROVIDER_DIALECT_IDS } from './dialect-id.ts';
import {
  type Binding,
  type CodeExecution,
  type CustomTool,
  type FunctionTool,
  type McpObstacle,
  type McpServer,
  type Message,
  type NeutralRequest,
  type PageFetch,
  REASONING_EFFORTS,
  type ReasoningSettings,
  type ServerTool,
  type ToolNamespace,
  type WebSearch,
} from './request.ts';

/** Every field of the type, so that a new one cannot be forgotten here. */
type Fields<Of> = { [Name in keyof Of]-?: z.ZodType };

/** An object with these fields and no others, since an unknown field would be dropped silently. */
function shape<Of>(fields: Fields<Of>) {
  return z.strictObject(fields);
}

const text = z.string().optional();
const number = z.number().optional();
const flag = z.boolean().optional();
const only = z.literal(true).optional();
const names = z.array(z.string());
const json = z.record(z.string(), z.unknown());
const object = json.optional();
const providerDialect = z.enum(PROVIDER_DIALECT_IDS);

const extension = shape<Extension>({
  dialect: providerDialect,
  fields: json,
  defaults: names.optional(),
  rests: names.optional(),
}).optional();
const anyPart = { cacheControl: object, extension };

const location = shape<DocumentLocation>({
  document: z.number(),
  unit: z.enum(['character', 'page', 'block', 'result']),
  start: z.number(),
  end: z.number(),
  source: text,
}).optional();
const citation = shape<Citation>({
  kind: z.enum(['url', 'document', 'other']),
  ...{ url: text, title: text, citedText: text, start: number, end: number },
  ...{ location, extension },
});
const logprobs = z.array(z.looseObject({ token: z.string(), logprob: z.number() })).optional();

const source = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('base64'), mediaType: z.string(), data: z.string() }),
  z.strictObject({ kind: z.literal('url'), url: z.string(), mediaType: text }),
  z.strictObject({ kind: z.literal('file'), id: z.string(), dialect: providerDialect }),
  z.strictObject({ kind: z.literal('text'), text: z.string() }),
]);

const textPart = shape<TextPart>({
  type: z.literal('text'),
  text: z.string(),
  citations: z.array(citation).optional(),
  logprobs,
  message: z.strictObject({ phase: text }).optional(),
  ...anyPart,
});
const imagePart = shape<ImagePart>({ type: z.literal('image'), source, detail: text, ...anyPart });
const documentPart = shape<DocumentPart>({
  type: z.literal('document'),
  source,
  name: text,
  cites: only,
  continues: only,
  ...anyPart,
});
const opaquePart = shape<OpaquePart>({
  type: z.literal('opaque'),
  dialect: providerDialect,
  name: z.string(),
  value: z.unknown(),
  video: source.optional(),
});
const toolCall = shape<ToolCallPart>({
  type: z.literal('tool-call'),
  id: z.string(),
  name: z.string(),
  arguments: z.string(),
  kind: z.enum(['function', 'custom', 'server']),
  ...{ signature: text, mcpServer: text, runsCode: only },
  ...anyPart,
});
const toolResult = shape<ToolResultPart>({
  type: z.literal('tool-result'),
  callId: z.string(),
  content: z.array(z.discriminatedUnion('type', [textPart, imagePart, documentPart, opaquePart])),
  isError: flag,
  foundTools: names.optional(),
  ...anyPart,
});

const part = z.discriminatedUnion('type', [
  textPart,
  imagePart,
  documentPart,
  opaquePart,
  toolCall,
  toolResult,
  shape<ReasoningPart>({
    type: z.literal('reasoning'),
    text: z.string(),
    ...{ signature: text, redacted: text },
    ...anyPart,
  }),
  shape<ServerToolResultPart>({
    type: z.literal('server-tool-result'),
    ...{ callId: z.string(), dialect: providerDialect, value: json },
    output: shape<ServerToolOutput>({
      text: z.string(),
      isError: only,
      images: z.array(z.strictObject({ mediaType: z.string(), data: z.string() })).optional(),
      others: names.optional(),
    }).optional(),
    ...anyPart,
  }),
  shape<AudioPart>({ type: z.literal('audio'), source, ...anyPart }),
  shape<RefusalPart>({ type: z.literal('refusal'), text: z.string(), logprobs, ...anyPart }),
]);

const message = shape<Message>({
  role: z.enum(['system', 'user', 'assistant']),
  parts: z.array(part),
  name: text,
});

const namespace = shape<ToolNamespace>({ name: z.string(), description: text, tool: z.string() }).optional();
const search = shape<WebSearch>({
  ...{ allowedDomains: names.optional(), blockedDomains: names.optional() },
  location: z.strictObject({ city: text, region: text, country: text, timezone: text }).optional(),
  contextSize: text,
  others: names,
}).optional();
const mcp = z
  .union([
    shape<McpServer>({
      ...{ name: z.string(), url: z.string(), token: text },
      ...{ allowedTools: names.optional(), asksForOthers: only, others: names },
    }),
    shape<McpObstacle>({ obstacle: z.string() }),
  ])
  .optional();
const code = shape<CodeExecution>({ isBound: only, others: names }).optional();
const fetch = shape<PageFetch>({ isLimited: only, others: names }).optional();
const functionTool = shape<FunctionTool>({
  type: z.literal('function'),
  name: z.string(),
  ...{ description: text, parameters: object, strict: flag, legacy: only, isFound: only },
  ...{ namespace, cacheControl: object, extension },
});
const tool = z.discriminatedUnion('type', [
  functionTool,
  shape<CustomTool>({
    type: z.literal('custom'),
    name: z.string(),
    ...{ description: text, format: object, namespace, extension },
  }),
  shape<ServerTool>({
    type: z.literal('server'),
    name: z.string(),
    definition: extension.unwrap(),
    ...{ search, fetch, code, mcp, asFunction: functionTool.optional() },
  }),
]);

const askSchema = shape<NeutralRequest>({
  model: z.string(),
  stream: flag,
  system: z.array(textPart).optional(),
  messages: z.array(message),
  tools: z.array(tool).optional(),
  toolChoice: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.enum(['auto', 'none', 'required']) }),
      z.strictObject({ type: z.literal('tool'), name: z.string() }),
    ])
    .optional(),
  outputFormat: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.enum(['text', 'json']) }),
      z.strictObject({
        type: z.literal('json-schema'),
        ...{ name: text, description: text, schema: json, strict: flag, isKept: only },
      }),
      z.strictObject({ type: z.literal('choice'), values: z.array(z.string()).min(1) }),
    ])
    .optional(),
  reasoning: shape<ReasoningSettings>({
    mode: z.enum(['on', 'off', 'adaptive']).optional(),
    effort: z.enum(REASONING_EFFORTS).optional(),
    budgetTokens: number,
    interleaved: only,
    summary: text,
  }).optional(),
  boundTo: shape<Binding>({
    dialect: z.enum(DIALECT_IDS),
    field: z.string(),
    problem: z.string(),
    code: text,
  }).optional(),
  logprobs: z.strictObject({ top: number }).optional(),
  ...{ allowedTools: names.optional(), stopSequences: names.optional() },
  ...{ maxOutputTokens: number, temperature: number, topP: number, topK: number, seed: number },
  ...{ frequencyPenalty: number, presencePenalty: number },
  ...{ includeUsage: flag, parallelToolCalls: flag, store: flag, replaysReasoning: flag },
  ...{ keepsBreakpoints: only, hidesReasoning: only, readsReasoningDetails: only },
  ...{ verbosity: text, user: text, serviceTier: text, cacheKey: text, session: text },
  ...{ metadata: object, cacheControl: object, cacheSettings: object, moderation: object, extension },
});

const requestSchema = askSchema.required({ stream: true, system: true, tools: true });

/** Names the first invalid field of what a program asks; undefined if there is none. Only model and messages are required. */
export function askProblem(value: unknown): string | undefined {
  return problemIn(askSchema, value);
}

/** The same for a whole request. */
export function requestProblem(value: unknown): string | undefined {
  return problemIn(requestSchema, value);
}

export function isRequest(value: unknown): value is NeutralRequest {
  return requestSchema.safeParse(value).success;
}

function problemIn(schema: z.ZodType, value: unknown): string | undefined {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  if (issue === undefined) return undefined;
  const where = issue.path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('');
  const what = issue.message.replace(/^Invalid [^:.]*[:.] ?/, '');
  return `${where.replace(/^\./, '') || 'the request'}: ${what}`;
}
