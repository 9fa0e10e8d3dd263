// What watchers of the live view read of an answer.
import type { Gateway } from '../../src/index.ts';

/** Watches the live view. */
export async function watchText(gateway: Gateway) {
  const response = await gateway.fetch(new Request('http://127.0.0.1:8088/gateway/streams/live'));
  const { body } = response;
  if (body === null) throw new Error('nothing to watch');
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  return {
    /** All text, until the request has ended. */
    async textUntilEnd(): Promise<string> {
      let text = '';
      while (!text.includes('"type":"completed"')) text += (await reader.read()).value ?? '';
      await reader.cancel();
      const texts = text.matchAll(/"type":"text_delta","request_id":"[^"]*","text":("[^"]*")/g);
      return [...texts].map(([, text = '""']) => JSON.parse(text)).join('');
    },
  };
}
