// `sluice tail`: what the models say at this moment, token by token.
import type { LiveEvent } from '../gateway/live-view.ts';
import { createFrameSplitter } from '../sse/frame-splitter.ts';
import { parseFrame } from '../sse/parse-frame.ts';
import type { CliContext, Command } from './command.ts';
import { askGateway, findGateway, GATEWAY_FLAGS, GatewayUnreachable } from './gateway-client.ts';
import { untilShutdown } from './until-shutdown.ts';

const LARGEST_EVENT = 32 * 1024 * 1024;
/** Enough of an id to tell streams apart. */
const SHOWN_ID = 8;

export const tailCommand: Command = {
  name: 'tail',
  summary: 'Show the running streams as they come, token by token, until Ctrl-C.',
  flags: { ...GATEWAY_FLAGS, json: { summary: 'One JSON event a line.' } },
  async run(input, context) {
    const left = new AbortController();
    void untilShutdown(context, () => left.abort());
    try {
      const response = await askGateway(findGateway(input, context), '/gateway/streams/live', {
        signal: left.signal,
      });
      if (!response.ok || response.body === null)
        throw new GatewayUnreachable(`the gateway answered ${response.status}: ${await response.text()}`);
      const show = input.flags.json ? (data: string) => context.out(data) : createScreen(context);
      context.err('what the models say from now on; Ctrl-C ends it');
      const splitter = createFrameSplitter(LARGEST_EVENT);
      for await (const chunk of response.body) {
        for (const frame of splitter.push(chunk).frames) {
          const event = parseFrame(frame);
          if (event !== undefined) show(event.data, event.event);
        }
      }
      context.err('the gateway ended');
      return 0;
    } catch (error) {
      if (left.signal.aborted) return 0;
      if (!(error instanceof GatewayUnreachable)) throw error;
      context.err(`error: ${error.message}`);
      return 1;
    }
  },
};

/**
 * Text goes out as it comes. Where another stream speaks, or a stream begins or ends, a new line says whose words
 * follow.
 */
function createScreen(context: CliContext): (data: string, name: string | undefined) => void {
  const write = (text: string) => context.write(text);
  let speaker: string | null = null;
  const line = (text: string) => {
    if (speaker !== null) write('\n');
    speaker = null;
    context.out(text);
  };
  return (data, name) => {
    if (name === 'lag')
      return line(`… ${(JSON.parse(data) as { skipped: number }).skipped} events were missed`);
    const event = JSON.parse(data) as LiveEvent;
    const id = event.request_id.slice(-SHOWN_ID);
    switch (event.type) {
      case 'started':
        return line(
          `▶ ${id} ${event.provider}/${event.model}${event.agent_type ? ` (${event.agent_type})` : ''}`,
        );
      case 'text_delta':
        if (speaker !== id) {
          if (speaker !== null) write('\n');
          write(`${id}│ `);
          speaker = id;
        }
        return write(event.text.replaceAll('\n', `\n${id}│ `));
      case 'completed': {
        const cost = event.cost_usd === null ? 'unpriced' : `$${event.cost_usd.toFixed(6)}`;
        return line(`■ ${id} ${event.input_tokens}→${event.output_tokens} tokens, ${cost}${paceOf(event)}`);
      }
      case 'error':
        return line(`✖ ${id} ${event.status}: ${event.message}`);
    }
  };
}

function paceOf({ ttft_ms, tokens_per_second, stalls }: Extract<LiveEvent, { type: 'completed' }>): string {
  const told = [
    ...(ttft_ms === null ? [] : [`first after ${Math.round(ttft_ms)} ms`]),
    ...(tokens_per_second === null ? [] : [`${Math.round(tokens_per_second)} tokens/s`]),
    ...(stalls === 0 ? [] : [`${stalls} ${stalls === 1 ? 'stall' : 'stalls'}`]),
  ];
  return told.map((part) => `, ${part}`).join('');
}
