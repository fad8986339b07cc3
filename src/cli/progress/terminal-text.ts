/** The control characters of ASCII and ISO 8859 (C0, DEL, C1), but for tabs and new lines; and what turns text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that a terminal obeys
const commands = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text that moves no cursor and changes no colour: names and messages come from a server. */
export const terminalText = (text: string): string => text.replace(commands, ' ');
