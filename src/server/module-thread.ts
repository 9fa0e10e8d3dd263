// The thread of one transformer's module: a call that never ends is stopped with the thread, and nothing else is.
import { runModule } from '../transformers/run-module.ts';
import type { ModuleAnswer, ModuleCode } from '../transformers/user-module.ts';
import type { FromModule, ModuleCall, ToModule } from './module-messages.ts';
import { messageOf } from '../model/thrown.ts';

declare const self: Worker;

let code: ModuleCode | undefined;
const answers = new Map<number, ModuleAnswer>();

const send = (message: FromModule) => self.postMessage(message);

self.onmessage = async ({ data }: MessageEvent<ToModule>) => {
  if ('open' in data) {
    try {
      const { default: exported } = await import(data.open.url);
      code = await runModule(exported, data.open.options);
      const { changesRequests, changesAnswers } = code;
      send({ ready: { changesRequests, changesAnswers } });
    } catch (thrown) {
      send({ failed: reason(thrown) });
    }
    return;
  }
  if ('close' in data) {
    answers.delete(data.close);
    return;
  }
  send({ began: data.id });
  try {
    send({ id: data.id, result: await run(data.call) });
  } catch (thrown) {
    send({ id: data.id, error: reason(thrown) });
  }
};

async function run(call: ModuleCall) {
  if (call.kind === 'ping') return null;
  if (code === undefined) throw new Error('it is not loaded');
  if (call.kind === 'request') return code.request(call.request, call.context);
  if (call.first) answers.set(call.answer, code.answer(call.context));
  const answer = answers.get(call.answer);
  if (answer === undefined) throw new Error('it was restarted, since another of its calls never ended');
  return answer.push(call.events);
}

function reason(thrown: unknown): string {
  if (thrown instanceof BuildMessage && thrown.position !== null) {
    const { file, line, column } = thrown.position;
    return `${thrown.message} (${file}:${line}:${column})`;
  }
  return messageOf(thrown);
}
