// Programs in Rust that do not name themselves.
import type { HeaderReader } from '../../model/headers.ts';

/**
 * Whether the client is a program that uses reqwest, Rust's usual HTTP client, without a name of its own: it then accepts anything and has
 * no user agent. The crate llm overlooks errors within streams in every dialect, and takes what came before for the answer; other such
 * programs have read the error when the connection breaks after it. Nameless programs with libcurl, such as PHP's, look the same.
 * https://curl.se/libcurl/c/CURLOPT_USERAGENT.html,
 * https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html, https://github.com/graniet/llm
 */
export function isNamelessReqwest(headers: HeaderReader): boolean {
  return !headers.has('user-agent') && headers.get('accept') === '*/*';
}
