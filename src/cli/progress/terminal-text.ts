/** The control characters of ASCII and ISO 8859 (C0, DEL, C1), but for tabs and new lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that a terminal obeys
const commands = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text that moves no cursor and changes no colour: names and messages come from a server. */
export const terminalText = (text: string): string => text.replace(commands, ' ');
