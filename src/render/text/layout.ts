// What a terminal would act on instead of showing it, what reorders text, and what looks like a blank or like nothing: a
// manifest or a server must not be able to forge a line of a plan, nor to hide in it how two values differ.
const unprintable = /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** One line of text in which everything that would not show is made visible. */
export function oneLine(text: string): string {
  return text.replace(unprintable, escaped)
}

/** As {@link oneLine}, for text of several lines: its lines. */
export function printableLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => oneLine(line.replaceAll('\t', '    ')))
}

/** A value between quotes, as PostgreSQL writes a string: two that differ look different, blanks at its ends are seen. */
export function quoted(text: string): string {
  const inside = oneLine(text.replaceAll('\\', '\\\\')).replaceAll("'", "''")
  return inside.includes('\\') ? `E'${inside}'` : `'${inside}'`
}

/** The escapes are those of PostgreSQL's `E''` strings. */
function escaped(character: string): string {
  const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return short[character] ?? (code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`)
}

// Rather too wide than too narrow: a line that is wider than it was taken for is broken by the terminal, anywhere.
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f200}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += /[\p{Mn}\p{Me}]/u.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/**
 * Breaks a text at its blanks so that no line is wider than the terminal, where that can be. Nothing is ever cut off: a
 * name that is wider than the terminal is left whole. `hanging` is the indent of all lines but the first: where a text
 * is not ours it is deeper than any line of a plan begins, so that no part of a name can pass for one.
 */
export function wrap(text: string, columns: number, indent: string, hanging = indent): readonly string[] {
  const [first = '', ...words] = text.split(' ')
  const lines: string[] = []
  let start = indent
  let line = start + first
  for (const word of words) {
    if (line === start || widthOf(line) + 1 + widthOf(word) <= columns) line += ` ${word}`
    else {
      lines.push(line)
      start = hanging
      line = start + word
    }
  }
  return [...lines, line]
}

/** `1 view`, `2 views`. */
export function counted(count: number, noun: string): string {
  // Not by toLocaleString: the data of all languages would be loaded for a comma, for 9 ms.
  const digits = String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
  return `${digits} ${noun}${count === 1 ? '' : 's'}`
}

/** `12 ms`, `1.2 s`, `3 min 20 s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 995) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** `5.1 MB`, with the units of PostgreSQL's pg_size_pretty. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const value = bytes / 1024 ** power
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`
}
