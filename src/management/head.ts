// The answer to HEAD: what GET would say, without the body.

/** Its length is told where the body has one; a stream is cancelled. */
export async function headOf(answer: Response): Promise<Response> {
  const head = new Response(null, answer);
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) await answer.body?.cancel();
  else head.headers.set('content-length', String((await answer.bytes()).length));
  return head;
}
