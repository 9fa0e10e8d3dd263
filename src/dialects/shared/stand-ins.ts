// What stands in for a feature in more than one dialect, as reports of losses say it.

/** For a refusal. */
export const GIVEN_AS_TEXT = 'given as text';
/** For tools of free text and their calls. */
export const ONE_TEXT_ARGUMENT = 'a function with one text argument';
/** For the sources of an answer in the history. */
export const TEXT_ALONE = 'only the text of earlier answers is sent';
/** For a schema of the answer that the server does not take. */
export const IN_WORDS = 'an instruction in the system prompt';
/** For documents that are plain text. */
export const SENT_AS_TEXT = 'a text document is sent as text';
/** For signed thinking, where there is no place for the signature or it is another provider's. */
export const WITHOUT_SIGNATURE = 'its text is sent without its signature';
/** For an image of a kind that the provider refuses: the model is to know that there was one. */
export const UNREADABLE_IMAGE = '(an image of a kind that cannot be read here)';
/** For a user's turn of which nothing can be sent. */
export const UNREADABLE_TURN = '(something that cannot be read here)';
/** For a source of some words of the answer, where sources belong to whole texts. */
export const CITES_WHOLE_TEXT = 'given as a source of the whole text';
/** For thinking that a server wants in front of calls. */
export const THOUGHT_UNKNOWN = 'calls whose thinking is unknown are sent with a placeholder for it';
