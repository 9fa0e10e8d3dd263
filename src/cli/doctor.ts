// `sluice doctor`: checks of a running gateway that a person would otherwise do by hand.
import { stringFlag } from './arguments.ts';
import type { Command } from './command.ts';
import { examine } from './doctor-checks.ts';
import { typable } from './hints.ts';
import { findGateway, GATEWAY_FLAGS } from './gateway-client.ts';

/** Free, and slow enough that a stream can be seen to flow. */
const DEFAULT_MODEL = 'simulator/tokens=20,rate=100';

const NAME_WIDTH = 22;

export const doctorCommand: Command = {
  name: 'doctor',
  summary:
    'Check a running gateway as a client sees it: health, providers, requests, streams, errors, rows, metrics; exit code 1 ' +
    'if something is wrong.',
  flags: {
    ...GATEWAY_FLAGS,
    model: { value: 'MODEL', summary: `Model to ask (default: ${DEFAULT_MODEL}); others may cost money.` },
    json: { summary: 'Print the findings as JSON.' },
  },
  examples: [
    ['doctor', 'Without asking a provider, so it costs nothing.'],
    ['doctor --model openai/gpt-5-mini', 'Through that provider, with its key.'],
  ],
  async run(input, context) {
    const gateway = findGateway(input, context);
    if (!input.flags.json) context.out(`checking ${gateway.url}`);
    const findings = await examine(gateway, stringFlag(input, 'model') ?? DEFAULT_MODEL, (finding) => {
      const { check, ok, detail } = finding;
      if (!input.flags.json)
        context.out(
          typable(`  ${ok ? '✔' : '✘'} ${check.padEnd(NAME_WIDTH)} ${detail}`, context.environment),
        );
    });
    const wrong = findings.filter(({ ok }) => !ok).length;
    if (input.flags.json) context.out(JSON.stringify({ url: gateway.url, findings }, null, 2));
    else context.out(wrong === 0 ? 'all checks passed' : `${wrong} of ${findings.length} checks failed`);
    return wrong === 0 ? 0 : 1;
  },
};
