// Requests to several processes that count rate limits together, and what these have counted.
import type { SluiceProcess } from './sluice-process.ts';

/** The simulator's model of an answer that no test outlives, however slow its machine. */
export const STAYS_OPEN = 'tokens=10000,rate=2';

/** On a connection of its own, so that it comes to any of the workers. */
export function post(sluice: SluiceProcess, model: string, signal?: AbortSignal): Promise<Response> {
  return fetch(`${sluice.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close', 'x-sluice-agent': 'coder' },
    body: JSON.stringify({
      model: `simulator/${model}`,
      stream: true,
      max_tokens: 99_999,
      messages: [{ role: 'user', content: 'hi' }],
    }),
    keepalive: false,
    ...(signal !== undefined && { signal }),
  });
}

export async function status(sluice: SluiceProcess): Promise<number> {
  const response = await post(sluice, 'fast');
  await response.arrayBuffer();
  return response.status;
}

export async function used(sluice: SluiceProcess): Promise<number[]> {
  const { rate_limits } = await sluice.get<{ rate_limits: { used: number }[] }>('/gateway/metrics');
  return rate_limits.map((limit) => limit.used);
}
