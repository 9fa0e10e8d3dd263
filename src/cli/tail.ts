// `sluice tail`: what the models are generating at the moment, token by token.
import type { LiveEvent } from '../management/shapes.ts';
import { createFrameSplitter } from '../sse/frame-splitter.ts';
import { parseFrame } from '../sse/parse-frame.ts';
import type { CliContext, Command } from './command.ts';
import { costIn, tokensIn } from './figures.ts';
import {
  askGateway,
  findGateway,
  GATEWAY_FLAGS,
  type GatewayAddress,
  GatewayUnreachable,
  notSluice,
  refusal,
} from './gateway-client.ts';
import { untilShutdown } from './serve/until-shutdown.ts';

const PATH = '/gateway/streams/live';
const LARGEST_EVENT = 32 * 1024 * 1024;
/** How many characters of an id are shown: enough to tell streams apart. */
const SHOWN_ID = 8;

export const tailCommand: Command = {
  name: 'tail',
  summary: 'Show running streams live, token by token, until Ctrl-C.',
  flags: { ...GATEWAY_FLAGS, json: { summary: 'Print one JSON event per line.' } },
  examples: [
    ['tail', 'What is generated from now on.'],
    ['tail --url http://10.0.0.5:8088 --key KEY', 'On another machine’s gateway.'],
  ],
  async run(input, context) {
    const left = new AbortController();
    void untilShutdown(context, { onFirst: () => left.abort() });
    const screen = input.flags.json ? jsonLines(context) : createScreen(context);
    try {
      const gateway = findGateway(input, context);
      const response = await askGateway(gateway, PATH, { signal: left.signal });
      if (!response.ok) throw await refusal(gateway, PATH, response);
      if (response.body === null || !isEventStream(response)) throw notSluice(gateway);
      context.err('answers from now on, as they are generated; Ctrl-C ends this');
      const splitter = createFrameSplitter(LARGEST_EVENT);
      for await (const chunk of untilBreak(response.body, gateway)) {
        for (const frame of splitter.push(chunk).frames) {
          const event = parseFrame(frame);
          if (event !== undefined) screen.show(event.data, event.event);
        }
      }
      screen.end();
      context.err('the gateway has shut down');
      return 0;
    } catch (error) {
      if (left.signal.aborted) return 0;
      if (error instanceof GatewayUnreachable) screen.end();
      throw error;
    }
  },
};

const isEventStream = ({ headers }: Response) => headers.get('content-type')?.startsWith('text/event-stream');

/** Throws GatewayUnreachable where the connection breaks. */
async function* untilBreak(body: ReadableStream<Uint8Array>, { url }: GatewayAddress) {
  try {
    yield* body;
  } catch (cause) {
    throw new GatewayUnreachable(
      `the gateway at ${url} closed the connection; "sluice daemon status" shows whether it is running`,
      { cause },
    );
  }
}

interface Screen {
  show(data: string, name: string | undefined): void;
  /** Makes the next output start on a new line. */
  end(): void;
}

const jsonLines = (context: CliContext): Screen => ({ show: (data) => context.out(data), end: () => {} });

/**
 * Writes text as it arrives. When the stream changes, or one begins or ends, a new line says whose text
 * follows.
 */
function createScreen(context: CliContext): Screen {
  const write = (text: string) => context.write(text);
  let speaker: string | null = null;
  const end = () => {
    if (speaker !== null) write('\n');
    speaker = null;
  };
  const line = (text: string) => {
    end();
    context.out(text);
  };
  const show = (data: string, name: string | undefined) => {
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
        const { usage_known: known, input_tokens, output_tokens, cost_usd } = event;
        const figures = `${tokensIn(known, input_tokens, output_tokens)} tokens, ${costIn(cost_usd, known)}`;
        return line(`■ ${id} ${figures}${paceOf(event)}`);
      }
      case 'error':
        return line(`✖ ${id} ${event.status}: ${event.message}`);
    }
  };
  return { show, end };
}

function paceOf({ ttft_ms, tokens_per_second, stalls }: Extract<LiveEvent, { type: 'completed' }>): string {
  const details = [
    ...(ttft_ms === null ? [] : [`first after ${Math.round(ttft_ms)} ms`]),
    ...(tokens_per_second === null ? [] : [`${Math.round(tokens_per_second)} tokens/s`]),
    ...(stalls === 0 ? [] : [`${stalls} ${stalls === 1 ? 'stall' : 'stalls'}`]),
  ];
  return details.map((part) => `, ${part}`).join('');
}
