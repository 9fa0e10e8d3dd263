// The model in a form with files: found wherever it stands, replaced without a change to any other byte.
import { describe, expect, test } from 'bun:test';
import { findFormField, withFormField } from '../../../src/gateway/request/form-field.ts';

const FILE = Uint8Array.from({ length: 5_000 }, (_, at) => (at * 37) % 256);
const decoder = new TextDecoder('latin1');

async function formOf(fields: readonly [name: string, value: string | Uint8Array<ArrayBuffer>][]) {
  const form = new FormData();
  for (const [name, value] of fields)
    form.append(name, typeof value === 'string' ? value : new File([value], 'a.bin'));
  const response = new Response(form);
  return { type: response.headers.get('content-type') ?? '', body: await response.bytes() };
}

describe('the model of a form', () => {
  test.each([0, 1, 2])('is found as field number %d', async (place) => {
    const fields: [string, string | Uint8Array<ArrayBuffer>][] = [
      ['file', FILE],
      ['language', 'en'],
    ];
    fields.splice(place, 0, ['model', 'groq/whisper-1']);
    const { type, body } = await formOf(fields);
    const found = findFormField(type, body, 'model');
    expect(found?.value).toBe('groq/whisper-1');
    if (found === undefined) return;
    const changed = withFormField(body, found, 'whisper-1');
    expect(decoder.decode(changed)).toBe(decoder.decode(body).replace('groq/whisper-1', 'whisper-1'));
  });

  test('is not what only looks like one', async () => {
    const text = 'name="model"\r\n\r\nfake\r\n';
    const { type, body } = await formOf([
      ['file', new TextEncoder().encode(text)],
      ['models', 'x'],
      ['prompt', text],
    ]);
    expect(findFormField(type, body, 'model')).toBeUndefined();
    expect(findFormField('application/json', body, 'model')).toBeUndefined();
    expect(findFormField('multipart/form-data', body, 'model')).toBeUndefined();
    expect(findFormField(type, body.subarray(0, 40), 'model')).toBeUndefined();
    expect(findFormField(type, new Uint8Array(0), 'model')).toBeUndefined();
  });

  test('is not behind a boundary that does not begin a line, as in a file about forms', () => {
    const field = 'Content-Disposition: form-data; name="model"\r\n\r\n';
    const file = `Content-Disposition: form-data; name="file"\r\n\r\nsee --b\r\n${field}fake\r\n`;
    const body = new TextEncoder().encode(`a preamble\r\n--b\r\n${file}--b\r\n${field}m\r\n--b--\r\n`);
    expect(findFormField('multipart/form-data; boundary=b', body, 'model')?.value).toBe('m');
  });

  test('may be named without quotes, and after other parameters', () => {
    const body = new TextEncoder().encode(
      '--b\r\ncontent-type: text/plain\r\nContent-Disposition: form-data; name=model\r\n\r\nm\r\n--b--\r\n',
    );
    expect(findFormField('multipart/form-data; charset=utf-8; boundary="b"', body, 'model')?.value).toBe('m');
  });

  test('is not looked for behind a thousand parts', () => {
    const part = (name: string) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nm\r\n`;
    const at = (place: number) =>
      new TextEncoder().encode(`${part('x').repeat(place)}${part('model')}--b--\r\n`);
    expect(findFormField('multipart/form-data; boundary=b', at(900), 'model')?.value).toBe('m');
    expect(findFormField('multipart/form-data; boundary=b', at(1_100), 'model')).toBeUndefined();
  });
});
