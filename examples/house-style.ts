// A transformer of your own: a house rule in the instructions, and dashes as the house writes them, also in a stream.
// In sluice.yaml: transformers: [{ name: ./examples/house-style.ts, rule: Answer in British English. }]
import type { UserEvent, UserTransformer } from 'sluice';

export default function houseStyle(options: { rule?: string }): UserTransformer {
  return {
    request(request) {
      if (options.rule === undefined) return undefined;
      return { ...request, system: [...request.system, { type: 'text', text: options.rule }] };
    },
    answer(context) {
      /** A hyphen at the end of what came so far: the next piece may make two of it. */
      let held: { block: number } | undefined;
      const release = (emit: (event: UserEvent) => void) => {
        if (held !== undefined) emit({ type: 'text-delta', block: held.block, text: '-' });
        held = undefined;
      };
      return {
        event(event, emit) {
          if (event.type !== 'text-delta') {
            release(emit);
            emit(event);
            return;
          }
          const { block } = event;
          let text = `${held === undefined ? '' : '-'}${event.text}`;
          held = undefined;
          const changed = text.replaceAll('--', '–');
          if (changed !== text) context.lost('dashes as the model wrote them');
          text = changed;
          if (text.endsWith('-')) {
            held = { block };
            text = text.slice(0, -1);
          }
          if (text !== '') emit({ type: 'text-delta', block, text });
        },
      };
    },
  };
}
