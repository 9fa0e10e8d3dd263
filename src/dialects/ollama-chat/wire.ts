// What several files here say of the wire.
export const ID = 'ollama-chat';

/** Before the name of an option that only Ollama has, among the fields of a request's extension. */
export const OPTION = 'options.';
