// Names of this dialect that several files share.
export const ID = 'ollama-chat';

/** Precedes the name of an option that only Ollama has, among the fields of a request's extension. */
export const OPTION = 'options.';
