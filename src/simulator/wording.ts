// The simulator's texts: friendly, the same for the same question, and clear about coming from a simulator.
import { fnv1a, fnv1aHex } from '../model/hash.ts';
import { cutIntoPieces } from './pieces.ts';

// They contain several scripts, an emoji of several code points and typographic marks, which streams must carry unharmed.
const CLOSINGS = [
  'Nothing was sent to any provider, and nothing was billed. Naïve façades aside, every byte is real 🌊.',
  'Try it with tools, with thinking, or with a JSON schema: the simulator plays along. 水は流れる。',
  'Point the same client at a real provider and only the words will differ — c’est tout 👩‍🔬.',
  'Whether it drips or pours, each token is forwarded the moment it exists. Доброго пути ✨.',
];

/** Longer answers repeat these until they are long enough. */
const FILLERS = [
  'A sluice lets water through at its own pace, and so does a stream of tokens.',
  'Small waves arrive first; the tide is only their sum.',
  'Überall fließt etwas: bytes, rivers, time.',
  'If this sentence reached you in pieces, the stream works as it should.',
];

const LONGEST_QUOTE = 120;

/** @param length the exact number of tokens. */
export function answerText(question: string, length: number | undefined): string {
  const seed = fnv1a(question);
  const about = question.trim() === '' ? 'You sent no text' : `You wrote “${quote(question)}”`;
  const opening =
    `Hello! This is the Sluice simulator, so no model was asked. ${about}, and this answer comes back ` +
    `one token at a time, as a provider would send it. ${CLOSINGS[seed % CLOSINGS.length]}`;
  return length === undefined ? opening : stretch(opening, seed, length);
}

export function toolResultText(result: string, isError: boolean, length: number | undefined): string {
  const reported = isError ? 'The tool reported an error' : 'The tool answered';
  const text =
    `${reported}: “${quote(result)}”. That is all the Sluice simulator wanted to know; ` +
    'a model would now go on from here — merci 🙏.';
  return length === undefined ? text : stretch(text, fnv1a(result), length);
}

export function toolCallText(names: string[]): string {
  return `The simulator will call ${names.map((name) => `\`${name}\``).join(' and ')} with sample arguments.`;
}

export function thinkingText(question: string, length: number | undefined): string {
  const text =
    `The question is “${quote(question)}”. As a simulator I do not know the answer, but I can think out loud: ` +
    'first look at what was asked, then at what is at hand, then say something kind and true…';
  return length === undefined ? text : stretch(text, fnv1a(question), length);
}

/** Opaque like a real signature: only its sender could check it. */
export function thinkingSignature(text: string): string {
  return btoa(`sluice-simulator:${fnv1aHex(text)}`);
}

function quote(text: string): string {
  const line = text.trim().replace(/\s+/gu, ' ');
  // This many UTF-16 units hold more than LONGEST_QUOTE characters, even where each takes two.
  const characters = Array.from(line.slice(0, 2 * LONGEST_QUOTE + 2));
  if (characters.length <= LONGEST_QUOTE) return line;
  return `${characters.slice(0, LONGEST_QUOTE).join('')}…`;
}

function stretch(text: string, seed: number, length: number): string {
  const pieces = cutIntoPieces(text);
  for (let index = seed % FILLERS.length; pieces.length < length; index++) {
    pieces.push(...cutIntoPieces(` ${FILLERS[index % FILLERS.length]}`));
  }
  return pieces.slice(0, length).join('');
}
