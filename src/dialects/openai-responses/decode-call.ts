// The decoder's function and custom calls: begun as soon as id and name are known.
import { asString, type JsonObject } from '../../model/json/json.ts';
import { argumentText } from '../openai/calls.ts';
import type { Blocks } from './decode-items.ts';
import { flatName } from './namespace.ts';
import { SentText } from './sent-text.ts';

export class CallState extends SentText {
  readonly kind = 'call';
  readonly type: 'function_call' | 'custom_tool_call';
  ended = false;
  private readonly blocks: Blocks;
  private readonly index: number;
  /** Undefined until the call has begun. */
  private block: number | undefined = undefined;
  /** Fragments that came before the name. */
  private waiting = '';

  constructor(blocks: Blocks, type: CallState['type'], index: number) {
    super();
    this.blocks = blocks;
    this.type = type;
    this.index = index;
  }

  /** Whether the call's name ever came. */
  begun(): boolean {
    return this.block !== undefined;
  }

  begin(item: JsonObject): void {
    const name = asString(item.name);
    const id = asString(item.call_id);
    if (this.block === undefined && name && id) this.start(id, name, item);
  }

  delta(text: string): void {
    if (!this.ended) this.emit(text);
  }

  more(text: string): void {
    this.emit(text);
  }

  /** Takes the whole arguments: sends what no delta contained. */
  whole(text: string): void {
    if (!this.ended) this.emit(this.rest(text));
  }

  done(item: JsonObject): void {
    const name = asString(item.name);
    if (this.block === undefined && name) {
      this.start(asString(item.call_id) || asString(item.id) || `call_${this.index}`, name, item);
    }
    this.emit(this.rest(argumentText(this.type === 'custom_tool_call' ? item.input : item.arguments)));
    this.end();
  }

  end(): void {
    this.ended = true;
    if (this.block !== undefined) this.blocks.push({ type: 'tool-end', block: this.block });
  }

  private emit(text: string): void {
    if (text === '') return;
    this.note(text);
    if (this.block === undefined) {
      this.blocks.kept(text.length);
      this.waiting += text;
    } else this.blocks.push({ type: 'tool-delta', block: this.block, arguments: text });
  }

  private start(id: string, name: string, item: JsonObject): void {
    const { blocks, waiting } = this;
    const block = blocks.next();
    this.block = block;
    const namespace = asString(item.namespace);
    const flat = namespace ? flatName(namespace, name) : name;
    const kind = this.type === 'custom_tool_call' ? 'custom' : 'function';
    blocks.push({ type: 'tool-start', block, id, name: flat, kind });
    this.waiting = '';
    if (waiting !== '') blocks.push({ type: 'tool-delta', block, arguments: waiting });
  }
}
