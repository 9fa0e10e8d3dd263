// The grammar of output items: each is added and done once, and so are its parts, and what repeats the deltas must equal them.
import {
  asArray,
  asNumber,
  asObject,
  asString,
  isObject,
  type JsonObject,
  type JsonValue,
} from '../../model/json/json.ts';
import { table } from '../../model/table.ts';

interface ItemChecker {
  check(type: string, event: JsonObject): void;
  /** To be called at the end of an answer, when everything must be done. */
  end(): void;
  /** Finished items in their places. */
  doneItems(): JsonObject[];
}

interface CheckedItem {
  type: string;
  id: string;
  done: JsonObject | undefined;
  /** Parts by their list and number, e.g. `content 0`. */
  parts: Map<string, CheckedPart>;
}

interface CheckedPart {
  /** Deltas so far. */
  text: string;
  state: 'open' | 'text-done' | 'done';
}

/** Events that carry text: the list that they add to or repeat, and the number that names the part. */
const TEXTS: Record<string, { list: string; index?: string; field: string; types: string[] }> = table({
  output_text: { list: 'content', index: 'content_index', field: 'text', types: ['message'] },
  refusal: { list: 'content', index: 'content_index', field: 'refusal', types: ['message'] },
  reasoning_text: { list: 'content', index: 'content_index', field: 'text', types: ['reasoning'] },
  reasoning_summary_text: { list: 'summary', index: 'summary_index', field: 'text', types: ['reasoning'] },
  function_call_arguments: { list: 'arguments', field: 'arguments', types: ['function_call'] },
  code_interpreter_call_code: { list: 'code', field: 'code', types: ['code_interpreter_call'] },
  custom_tool_call_input: { list: 'input', field: 'input', types: ['custom_tool_call'] },
});

/** Events that begin and end parts: the list they are in, and the number that names them. */
const PARTS: Record<string, { list: string; index: string }> = table({
  content_part: { list: 'content', index: 'content_index' },
  reasoning_part: { list: 'content', index: 'content_index' },
  reasoning_summary_part: { list: 'summary', index: 'summary_index' },
});

export function createItemChecker(violate: (problem: string) => void): ItemChecker {
  const items: CheckedItem[] = [];

  function added(event: JsonObject): void {
    const item = asObject(event.item);
    const type = asString(item?.type);
    const index = asNumber(event.output_index);
    if (item === undefined || type === undefined) {
      violate('output_item.added without an item');
      return;
    }
    if (index !== items.length) violate(`an item is added at ${index} after ${items.length} items`);
    if (!asString(item.id)) violate(`a ${type} without id`);
    if (type === 'function_call' || type === 'custom_tool_call') {
      if (!asString(item.call_id)) violate(`a ${type} begins without call_id`);
      if (!asString(item.name)) violate(`a ${type} begins without name`);
    }
    items.push({ type, id: asString(item.id) ?? '', done: undefined, parts: new Map() });
  }

  function done(event: JsonObject): void {
    const item = itemOf(event);
    const value = asObject(event.item);
    if (item === undefined || value === undefined) return;
    if (item.done !== undefined) violate(`item ${event.output_index} is done twice`);
    if (value.type !== item.type) violate(`a ${item.type} ends as ${String(value.type)}`);
    if (asString(value.id) !== item.id) violate(`item ${event.output_index} changes its id`);
    item.done = value;
    for (const [name, { text, state }] of item.parts) {
      const isPart = name.includes(' ');
      if (isPart && state !== 'done') violate(`${name} of item ${event.output_index} is not done`);
      if (textIn(value, name) !== text) violate(`the done item differs from ${name}`);
    }
  }

  function itemOf(event: JsonObject): CheckedItem | undefined {
    const index = asNumber(event.output_index);
    const item = index === undefined ? undefined : items[index];
    if (item === undefined) violate(`${event.type} for item ${index}, which was not added`);
    else if (item.done !== undefined && event.type !== 'response.output_item.done') {
      violate(`${event.type} after its item was done`);
    }
    const itemId = asString(event.item_id);
    if (item !== undefined && itemId !== undefined && itemId !== item.id) {
      violate(`${event.type} names item ${itemId}, which is ${item.id}`);
    }
    return item;
  }

  function checkPart(
    event: JsonObject,
    { list, index }: { list: string; index: string },
    step: string,
  ): void {
    const item = itemOf(event);
    if (item === undefined) return;
    const number = asNumber(event[index]);
    const name = `${list} ${number}`;
    const known = item.parts.get(name);
    if (step === 'added') {
      const before = [...item.parts.keys()].filter((each) => each.startsWith(list)).length;
      if (known !== undefined) violate(`${name} is added twice`);
      else if (number !== before) violate(`${name} is added after ${before} parts`);
      item.parts.set(name, { text: '', state: 'open' });
      return;
    }
    if (known === undefined) {
      violate(`${name} is done but was not added`);
      return;
    }
    if (known.state === 'done') violate(`${name} is done twice`);
    known.state = 'done';
    const part = asObject(event.part);
    if ((asString(part?.text) ?? asString(part?.refusal)) !== known.text) {
      violate(`the done part differs from ${name}`);
    }
  }

  function checkText(event: JsonObject, kind: string, step: string): void {
    const form = TEXTS[kind];
    const item = itemOf(event);
    if (form === undefined || item === undefined) return;
    if (!form.types.includes(item.type)) violate(`${event.type} in a ${item.type}`);
    const name = form.index === undefined ? form.list : `${form.list} ${asNumber(event[form.index])}`;
    let part = item.parts.get(name);
    if (part === undefined) {
      // Arguments are not in a list, so their first delta begins them.
      if (form.index !== undefined) violate(`${event.type} for ${name}, which was not added`);
      part = { text: '', state: 'open' };
      item.parts.set(name, part);
    }
    if (part.state !== 'open') violate(`${event.type} after ${name} was done`);
    if (step === 'delta') {
      if (typeof event.delta === 'string') part.text += event.delta;
      else violate(`${event.type} without delta`);
      return;
    }
    part.state = 'text-done';
    if (event[form.field] !== part.text) violate(`${event.type} differs from its deltas`);
  }

  return {
    check(type, event) {
      if (type === 'response.output_item.added') return added(event);
      if (type === 'response.output_item.done') return done(event);
      const [, kind = '', step = ''] = /^response\.(\w+)\.(added|delta|done)$/.exec(type) ?? [];
      const part = PARTS[kind];
      if (part !== undefined) checkPart(event, part, step);
      else if (TEXTS[kind] !== undefined) checkText(event, kind, step);
      else if (type.startsWith('response.') && event.output_index !== undefined) itemOf(event);
    },
    end() {
      for (const [index, item] of items.entries()) {
        if (item.done === undefined) violate(`item ${index} (${item.type}) is not done`);
      }
    },
    doneItems: () => items.map((item) => item.done ?? { type: item.type }),
  };
}

/** The text in a finished item that the deltas of `name` built up. */
function textIn(item: JsonObject, name: string): string | undefined {
  const [list = '', number] = name.split(' ');
  if (number === undefined) return asString(item[list]);
  const part = asObject(asArray(item[list])?.[Number(number)]);
  return asString(part?.text) ?? asString(part?.refusal);
}

/** The content of an item without ids, tokens and states, which differ each time a server sends it. */
export function itemMeaning(item: JsonObject): JsonObject {
  const { type, name, call_id, input, code } = item;
  const args = asString(item.arguments) ?? JSON.stringify(item.arguments);
  return {
    type,
    name,
    call_id,
    input,
    code,
    args,
    content: texts(item.content),
    summary: texts(item.summary),
  };
}

function texts(value: JsonValue | undefined): JsonValue[] {
  return (asArray(value) ?? [])
    .filter(isObject)
    .map((part) => ({ type: part.type, text: part.text, refusal: part.refusal }));
}
