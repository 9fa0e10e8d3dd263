// The parts of a request that rules look at, each read only when a rule asks.
import type { Part } from '../model/content.ts';
import type { NeutralRequest } from '../model/request.ts';

/** How many UTF-16 units of a long text rules read: half from its beginning and half from its end. */
const READ = 8_192;

/** The user's last words; tool results that came since are not the user's. */
export function lastUserText({ messages }: NeutralRequest): string {
  for (const message of messages.toReversed()) {
    if (message.role !== 'user') continue;
    const text = message.parts
      .map(textOf)
      .filter((each) => each !== '')
      .join('\n');
    if (text.trim() !== '') return shortened(text);
  }
  return '';
}

export function systemText({ system }: NeutralRequest): string {
  return shortened(system.map((part) => part.text).join('\n'));
}

export function textOf(part: Part): string {
  return part.type === 'text' ? part.text : '';
}

function shortened(text: string): string {
  return text.length <= READ ? text : `${text.slice(0, READ / 2)}\n…\n${text.slice(-READ / 2)}`;
}

/** Whether the provider is to search the web. A request's own field for that (Chat's `web_search_options`) is read as a tool. */
export function searchesWeb({ tools }: NeutralRequest): boolean {
  return tools.some((tool) => tool.type === 'server' && tool.search !== undefined);
}

/** Anywhere in the conversation, since a model that continues it must be able to read what came before. */
export function hasImage({ messages }: NeutralRequest): boolean {
  return messages.some((message) => message.parts.some(isImage));
}

function isImage(part: Part): boolean {
  return part.type === 'image' || (part.type === 'tool-result' && part.content.some(isImage));
}

/** Describes the thinking that is asked for; undefined if none is. */
export function thinkingAsked({ reasoning }: NeutralRequest): string | undefined {
  if (reasoning === undefined || reasoning.mode === 'off') return undefined;
  const { mode, effort, budgetTokens } = reasoning;
  if (effort === 'none' || effort === 'minimal' || budgetTokens === 0) return undefined;
  if (effort !== undefined) return `thinking with effort ${effort}`;
  return mode === undefined && budgetTokens === undefined ? undefined : 'thinking';
}
