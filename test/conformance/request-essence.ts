// What a request asks, read from either wire format by hand: equal on both sides of a translation.

type Json = Record<string, unknown>;

interface Turn {
  role: string;
  /** All text of the turn, white space collapsed: formats differ in how they join it. */
  text: string;
  /** Data URLs or addresses. */
  media: string[];
  calls: { id: string; name: string; arguments: unknown }[];
  results: { id: string; text: string }[];
}

interface AskedTool {
  name: string;
  description: string;
  schema: unknown;
}

export interface Essence {
  system: string;
  turns: Turn[];
  tools: AskedTool[];
  toolChoice: string;
  parallelTools: boolean;
  maxTokens: number | undefined;
  stop: string[];
  stream: boolean;
}

export function essenceOfMessages(body: Json): Essence {
  const choice = object(body.tool_choice);
  const turns: Turn[] = [];
  for (const message of objects(body.messages)) {
    const turn = newTurn(String(message.role));
    for (const block of blocksOf(message.content)) addBlock(turn, block);
    turns.push(turn);
  }
  return {
    system: collapse(blocksOf(body.system).map((block) => String(block.text))),
    turns: merged(turns),
    tools: objects(body.tools)
      .filter((tool) => tool.type === undefined || tool.type === 'custom')
      .map((tool) => toolOf(tool, tool.input_schema)),
    toolChoice: choice?.type === 'tool' ? `tool ${choice.name}` : String(choice?.type ?? 'auto'),
    parallelTools: choice?.disable_parallel_tool_use !== true,
    maxTokens: number(body.max_tokens),
    stop: strings(body.stop_sequences),
    stream: body.stream === true,
  };
}

function addBlock(turn: Turn, block: Json): void {
  switch (block.type) {
    case 'text':
      turn.text += ` ${block.text}`;
      break;
    case 'image':
    case 'document':
      addSource(turn, object(block.source) ?? {});
      break;
    case 'tool_use':
      turn.calls.push({ id: String(block.id), name: String(block.name), arguments: block.input });
      break;
    case 'tool_result': {
      const inner = newTurn('user');
      for (const each of blocksOf(block.content)) addBlock(inner, each);
      turn.results.push({ id: String(block.tool_use_id), text: collapse([inner.text]) });
      turn.media.push(...inner.media);
      break;
    }
  }
}

function addSource(turn: Turn, source: Json): void {
  if (source.type === 'base64') turn.media.push(`data:${source.media_type};base64,${source.data}`);
  else if (source.type === 'url') turn.media.push(String(source.url));
  else if (source.type === 'text') turn.text += ` ${source.data}`;
}

const OPENAI_CHOICES: Record<string, string> = { auto: 'auto', none: 'none', required: 'any', any: 'any' };

export function essenceOfChat(body: Json): Essence {
  const system: string[] = [];
  const turns: Turn[] = [];
  for (const message of objects(body.messages)) {
    const role = String(message.role);
    const parts = blocksOf(message.content);
    if (role === 'system' || role === 'developer') {
      system.push(...parts.map((part) => String(part.text)));
      continue;
    }
    const turn = newTurn(role === 'tool' ? 'user' : role);
    if (role === 'tool') {
      const text = collapse(parts.map((part) => String(part.text)));
      turn.results.push({ id: String(message.tool_call_id), text });
    } else {
      for (const part of parts) addPart(turn, part);
      for (const call of objects(message.tool_calls)) addCall(turn, call);
    }
    turns.push(turn);
  }
  const legacy = objects(body.functions).map((each) => ({ function: each }));
  const choice = body.tool_choice ?? body.function_call ?? 'auto';
  const chosen = object(object(choice)?.function) ?? object(choice);
  return {
    system: collapse(system),
    turns: merged(turns),
    tools: [...objects(body.tools), ...legacy]
      .map((tool) => object((tool as Json).function))
      .filter((tool) => tool !== undefined)
      .map((tool) => toolOf(tool, tool.parameters)),
    toolChoice:
      chosen === undefined ? (OPENAI_CHOICES[String(choice)] ?? String(choice)) : `tool ${chosen.name}`,
    parallelTools: body.parallel_tool_calls !== false,
    maxTokens: number(body.max_completion_tokens) ?? number(body.max_tokens),
    stop: typeof body.stop === 'string' ? [body.stop] : strings(body.stop),
    stream: body.stream === true,
  };
}

function addPart(turn: Turn, part: Json): void {
  const url = object(part.image_url)?.url;
  const file = object(part.file)?.file_data;
  if (part.type === 'text') turn.text += ` ${part.text}`;
  else if (typeof url === 'string') turn.media.push(url);
  else if (typeof file === 'string') turn.media.push(file);
}

function addCall(turn: Turn, call: Json): void {
  const called = object(call.function) ?? {};
  turn.calls.push({
    id: String(call.id),
    name: String(called.name),
    arguments: JSON.parse(String(called.arguments || '{}')),
  });
}

function toolOf(tool: Json, schema: unknown): AskedTool {
  return { name: String(tool.name), description: String(tool.description ?? ''), schema };
}

function newTurn(role: string): Turn {
  return { role, text: '', media: [], calls: [], results: [] };
}

/** Turns of one role in a row are one turn in some formats; a turn that says nothing is none. */
function merged(turns: readonly Turn[]): Turn[] {
  const all: Turn[] = [];
  for (const turn of turns) {
    const last = all.at(-1);
    const text = collapse([turn.text]);
    if (text === '' && turn.media.length + turn.calls.length + turn.results.length === 0) continue;
    if (last?.role !== turn.role) {
      all.push({ ...turn, text });
      continue;
    }
    last.text = collapse([last.text, text]);
    last.media.push(...turn.media);
    last.calls.push(...turn.calls);
    last.results.push(...turn.results);
  }
  return all;
}

export function collapse(texts: readonly string[]): string {
  return texts.join(' ').replace(/\s+/g, ' ').trim();
}

function blocksOf(content: unknown): Json[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : objects(content);
}

function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object).filter((each) => each !== undefined) : [];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
