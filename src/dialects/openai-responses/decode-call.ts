// The decoder's function and custom calls: begun as soon as id and name are known.
import { exactText } from '../../model/exact-numbers.ts';
import { asString, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { Blocks } from './decode-items.ts';
import { flatName } from './namespace.ts';
import { createToldText } from './told-text.ts';

export interface CallState {
  kind: 'call';
  type: 'function_call' | 'custom_tool_call';
  ended: boolean;
  /** Whether the call's name ever came. */
  begun: boolean;
  begin(item: JsonObject): void;
  delta(text: string): void;
  /** The whole arguments: what no delta told is told now. */
  whole(text: string): void;
  done(item: JsonObject): void;
  end(): void;
}

/** Arguments are JSON text; some servers send the object itself, or null for none. */
export function argumentText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : exactText(value);
}

export function createCallState(
  { emit, next }: Blocks,
  kind: 'function' | 'custom',
  index: number,
): CallState {
  let block: number | undefined;
  const told = createToldText();
  /** Fragments that came before the name. */
  let waiting = '';

  function tell(text: string): void {
    if (text === '') return;
    told.push(text);
    if (block === undefined) waiting += text;
    else emit({ type: 'tool-delta', block, arguments: text });
  }

  return {
    kind: 'call',
    type: kind === 'custom' ? 'custom_tool_call' : 'function_call',
    ended: false,
    begun: false,
    begin(item) {
      const name = asString(item.name);
      const id = asString(item.call_id);
      if (block !== undefined || !name || !id) return;
      start(this, id, name, item);
    },
    delta(text) {
      if (!this.ended) tell(text);
    },
    whole(text) {
      if (!this.ended) tell(told.rest(text));
    },
    done(item) {
      const name = asString(item.name);
      if (block === undefined && name) {
        start(this, asString(item.call_id) || asString(item.id) || `call_${index}`, name, item);
      }
      tell(told.rest(argumentText(kind === 'custom' ? item.input : item.arguments)));
      this.end();
    },
    end() {
      this.ended = true;
      if (block !== undefined) emit({ type: 'tool-end', block });
    },
  };

  function start(state: CallState, id: string, name: string, item: JsonObject): void {
    state.begun = true;
    block = next();
    const namespace = asString(item.namespace);
    const flat = namespace ? flatName(namespace, name) : name;
    emit({ type: 'tool-start', block, id, name: flat, kind });
    if (waiting !== '') emit({ type: 'tool-delta', block, arguments: waiting });
    waiting = '';
  }
}
