// Substitutes that more than one dialect uses, as loss reports word them.

/** For a refusal. */
export const GIVEN_AS_TEXT = 'given as text';
/** For free-text tools and their calls. */
export const ONE_TEXT_ARGUMENT = 'a function with one text argument';
/** For the sources of an earlier answer, or of the system prompt. */
export const TEXT_ALONE = 'only the text is sent, without its sources';
/** For an answer schema that the server does not accept. */
export const AS_INSTRUCTION = 'an instruction in the system prompt';
/** For instructions of a model that is asked for a search and has none. */
export const SAYS_NO_SEARCH = 'it also says that no web search is made';
/** The same for the fetch of a page. */
export const SAYS_NO_FETCH = 'it also says that no page is fetched';
/** For documents that are plain text. */
export const SENT_AS_TEXT = 'a text document is sent as text';
/** For signed thinking, if there is no place for the signature or it is another provider's. */
export const WITHOUT_SIGNATURE = 'its text is sent without its signature';
/** For thinking whose signature the provider would have to check. */
export const NOT_SEALED = 'thinking without a signature of this provider cannot be sent back to it';
/** Replaces an image or a document whose type, or kind of source, the provider refuses, so that the model knows of it. */
export const UNREADABLE_IMAGE = '(an image of a kind that cannot be read here)';
export const UNREADABLE_DOCUMENT = '(a document of a kind that cannot be read here)';
/** Replaces a user turn of which nothing can be sent. */
export const UNREADABLE_TURN = '(something that cannot be read here)';
/** For a citation of some words of the answer, in dialects that only cite sources of whole texts. */
export const CITES_WHOLE_TEXT = 'given as a source of the whole text';
/** For thinking that a server requires before earlier calls. */
export const THOUGHT_UNKNOWN = 'calls whose thinking is unknown are sent with a placeholder for it';
/** For a forced call, which thinking rules out: if nobody asked for thinking, it is turned off; … */
export const THINKING_OFF = 'thinking is off for this answer: it rules out a forced call';
/** … otherwise the model chooses whether to call, … */
export const CHOICE_LEFT = 'auto: the model cannot be forced to call a tool while it thinks';
/** … or only which tool it calls. */
export const ANY_TOOL = 'a tool must be called, but not necessarily the named one';
/** For a request that consists of a system prompt, where a user turn is required. */
export const SENT_AS_TURN = 'the last system message is sent as the user turn, which is required';
/** For the system prompt, where the model takes none. */
export const SAID_FIRST = 'said at the beginning by the user, since the model takes no system prompt';
/** Precedes the result of a call that failed, where no field says so. */
export const CALL_FAILED = 'The tool call failed.';
export const FAILED_IN_WORDS = 'the text says that the call failed';
/** The text of an answer without one, for providers that refuse a turn without text. */
export const ELLIPSIS = '…';
