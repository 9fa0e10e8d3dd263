// The encoder's call items: function and custom calls as they stream, hosted calls and searches for tools when they are complete.
import type { ServerToolResultPart, ToolCallPart } from '../../model/content.ts';
import type { StreamEvent } from '../../model/events.ts';
import type { JsonObject } from '../../model/json/json.ts';
import type { AnswerLosses } from '../shared/losses/answer-losses.ts';
import { CODE_CALL, codeEvents } from './code-interpreter.ts';
import { createDeltaWriter, type DeltaWriter, KEPT, type OutputWriter } from './encode-output.ts';
import { createFreeTextReader, type FreeTextReader } from './free-text.ts';
import { HostedCalls, reportRun } from './hosted-calls.ts';
import type { ClientTool } from './namespace.ts';
import {
  CALL_PREFIXES,
  type CallForm,
  callForm,
  callItem,
  hostedCallItem,
  type ItemStatus,
  itemId,
} from './output-item.ts';

type OpenCall =
  | { whole: true; part: ToolCallPart }
  | {
      whole: false;
      call: StreamEvent & { type: 'tool-start' };
      form: CallForm;
      place: number;
      id: string;
      deltas: DeltaWriter;
      freeText: FreeTextReader | undefined;
    };

export class CallWriter {
  private readonly output: OutputWriter;
  private readonly requestId: string;
  private readonly tools: ReadonlyMap<string, ClientTool>;
  private readonly losses: AnswerLosses;
  private readonly endMessage: () => string;
  private now: OpenCall | undefined;
  private readonly hosted = new HostedCalls();

  /** @param endMessage ends the open message before a call becomes an item. */
  constructor(
    output: OutputWriter,
    requestId: string,
    tools: ReadonlyMap<string, ClientTool>,
    losses: AnswerLosses,
    endMessage: () => string,
  ) {
    this.output = output;
    this.requestId = requestId;
    this.tools = tools;
    this.losses = losses;
    this.endMessage = endMessage;
  }

  open(call: StreamEvent & { type: 'tool-start' }): string {
    const isWhole = call.kind === 'server' || callForm(call, this.tools).kind === 'search';
    if (!isWhole) return this.openOwn(call);
    const { id, name, kind, signature, mcpServer, runsCode, extension } = call;
    const part: ToolCallPart = { type: 'tool-call', id, name, kind, arguments: '' };
    if (signature !== undefined) part.signature = signature;
    if (mcpServer !== undefined) part.mcpServer = mcpServer;
    if (runsCode !== undefined) part.runsCode = runsCode;
    if (extension !== undefined) part.extension = extension;
    this.now = { whole: true, part };
    return '';
  }

  delta(fragment: string): string {
    const { now } = this;
    if (now === undefined) return '';
    if (now.whole) {
      now.part.arguments += fragment;
      return '';
    }
    return now.deltas.push(now.freeText === undefined ? fragment : now.freeText.push(fragment));
  }

  /** @param status of a call that the client is to answer. */
  close(status: ItemStatus): string {
    const { now } = this;
    this.now = undefined;
    if (now === undefined) return '';
    return now.whole ? this.closeWhole(now.part, status) : this.closeOwn(now, status);
  }

  /** What a call that the provider ran returned. */
  result(part: ServerToolResultPart): string {
    const answered = this.hosted.answered(part);
    if (answered === undefined) {
      this.losses.serverResult(part);
      return '';
    }
    const { call, item } = answered;
    reportRun(call, part, this.losses);
    return item.type === CODE_CALL ? this.endMessage() + codeEvents(this.output, item) : this.wholeItem(item);
  }

  /** No more calls follow. */
  end(): void {
    for (const call of this.hosted.unanswered()) this.losses.serverCall(call, false);
  }

  private openOwn(call: StreamEvent & { type: 'tool-start' }): string {
    const { output } = this;
    this.losses.foreign(call.extension);
    const before = this.endMessage();
    const form = callForm(call, this.tools);
    const place = output.place();
    const isCustom = form.kind === 'custom';
    const id = itemId(CALL_PREFIXES[form.kind], this.requestId, place);
    const type = `response.${isCustom ? 'custom_tool_call_input' : 'function_call_arguments'}.delta`;
    const deltas = createDeltaWriter(output, type, { item_id: id, output_index: place });
    const freeText = form.wrapped ? createFreeTextReader() : undefined;
    this.now = { whole: false, call, form, place, id, deltas, freeText };
    return before + output.added(place, callItem(id, form, call, '', 'in_progress'));
  }

  private closeOwn(
    { call, form, place, id, deltas, freeText }: OpenCall & { whole: false },
    status: ItemStatus,
  ): string {
    const { output } = this;
    let wire = deltas.push(freeText?.end() ?? '');
    const isFunction = form.kind === 'function';
    // Clients parse a function's arguments, and '' is not JSON.
    if (isFunction && deltas.isBlank) wire += deltas.push('{}');
    const text = deltas.json();
    const where = { item_id: id, output_index: place };
    wire += isFunction
      ? output.event(
          'response.function_call_arguments.done',
          { ...where, name: form.name, arguments: KEPT },
          text,
        )
      : output.event('response.custom_tool_call_input.done', { ...where, input: KEPT }, text);
    return wire + output.done(place, callItem(id, form, call, KEPT, status), text);
  }

  private closeWhole(part: ToolCallPart, status: ItemStatus): string {
    if (this.hosted.takes(part)) return '';
    const item = part.kind === 'server' ? this.hostedItem(part) : this.searchItem(part, status);
    return item === undefined ? '' : this.wholeItem(item);
  }

  private wholeItem(item: JsonObject): string {
    const { output } = this;
    const before = this.endMessage();
    const place = output.place();
    return before + output.added(place, item) + output.done(place, item);
  }

  private hostedItem(part: ToolCallPart): JsonObject | undefined {
    const item = hostedCallItem(part, itemId('ws', this.requestId, this.output.nextPlace()));
    this.losses.serverCall(part, item !== undefined);
    return item;
  }

  private searchItem(part: ToolCallPart, status: ItemStatus): JsonObject {
    this.losses.foreign(part.extension);
    const form = callForm(part, this.tools);
    const id = itemId(CALL_PREFIXES[form.kind], this.requestId, this.output.nextPlace());
    return callItem(id, form, part, part.arguments, status);
  }
}
