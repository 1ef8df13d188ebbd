// Escapes text that is printed. Names and messages come from manifests, servers and sources: nothing in them may control a
// terminal, forge a line of a plan, or give a command to the CI runner that shows the output.

// Characters that a terminal obeys instead of showing them, that reorder text, or that look like a blank or like nothing.
const unprintable = /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** What chalk writes around coloured text. */
const colour = '\\u001b\\[[0-9;]*m'
const allButLines = new RegExp(`\\n|${unprintable.source}`, 'gu')
const allButLinesAndColours = new RegExp(`\\n|${colour}|${unprintable.source}`, 'gu')

// GitHub runs `::name …::text` at the start of a line, however far it is indented, and `##[name]` anywhere. Its other names, as in
// a line of SQL that begins with `::date`, are no commands. Azure DevOps and TeamCity have `##vso[…]` and `##teamcity[…]`. The
// colon comes first: looking behind at each of many blanks would take quadratic time.
const runnerCommand =
  /:(?<=^[ \t]*:)(?=:(?:\w+-[\w-]+|debug|echo|error|warning|notice|group|endgroup)(?: .*)?::)|#(?=#(?:vso|teamcity)?\[)/gim

/** The text on one line, with every unprintable character escaped. */
export function oneLine(text: string): string {
  return text.replace(unprintable, escaped)
}

/** The lines of a text, with every unprintable character in them escaped. */
export function printableLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => oneLine(line.replaceAll('\t', '    ')))
}

/** The text as it can be printed: only its line breaks, and its colours if it has some, are still obeyed. */
export function printable(text: string, isColoured = false): string {
  return withoutRunnerCommands(printableText(text, isColoured), escaped)
}

/** As {@link printable}, for text whose commands to a CI runner are meant. */
export function printableText(text: string, isColoured = false): string {
  const isObeyed = (part: string) => part === '\n' || (isColoured && part.length > 2)
  return text.replace(isColoured ? allButLinesAndColours : allButLines, (part) =>
    isObeyed(part) ? part : escaped(part),
  )
}

/** Escapes the first character of everything that a CI runner would take for a command. */
export function withoutRunnerCommands(text: string, escapeOf: (character: string) => string): string {
  return text.replace(runnerCommand, escapeOf)
}

/** Whether {@link printable} would change the text. */
export function isPrintable(text: string): boolean {
  return printable(text) === text
}

/** Escapes the unprintable characters of a document, in its own notation: it may contain them only where that is valid. */
export function escapeUnprintable(document: string, escapeOf: (character: string) => string): string {
  return document.replace(allButLines, (character) => (character === '\n' ? character : escapeOf(character)))
}

/** Uses the escapes of PostgreSQL's `E''` strings. */
function escaped(character: string): string {
  const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return short[character] ?? (code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`)
}
